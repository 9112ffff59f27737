// Asking the studio: every refusal becomes an Error with the server's own sentence.

export async function ask(method, address, body) {
  const request = { method, headers: {} };
  if (body instanceof Blob) {
    request.body = body;
    request.headers["Content-Type"] = "application/octet-stream";
  } else if (body !== undefined) {
    request.body = JSON.stringify(body);
    request.headers["Content-Type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(address, request);
  } catch {
    throw new Error("The studio does not answer. Is it still running?");
  }
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({ detail: `The studio answered ${answer.status}.` }));
    throw Object.assign(new Error(problem.detail), { kind: problem.kind, status: answer.status });
  }
  return answer;
}

export const askJson = async (...request) => (await ask(...request)).json();

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export const byId = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export function copyButton(button, text) {
  const label = button.textContent;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select the line and copy it";
    }
    setTimeout(() => (button.textContent = label), 2000);
  });
}
