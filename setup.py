"""Packaging: `pip install -e .[all]`; Dataflow workers stage this file too (--setup_file=./setup.py).

Exact versions live in constraints.txt; here stand only the names and the ranges that the code needs.
"""

from setuptools import find_packages, setup

GROUND = [
    "click>=8.2",
    "imagecodecs>=2025.3",
    "numpy>=2.0",
    "opencv-python-headless>=5.0",
    "pandas>=2.2",
    "pillow>=12.0",
    "pyarrow>=20.0",
    "pydantic>=2.10",
    "PyYAML>=6.0",
    "rawpy>=0.24",
    "scikit-image>=0.25",
    "tifffile>=2025.3",
    "tqdm>=4.66",
]
TENSORFLOW = ["tensorflow>=2.20", "keras>=3.12"]
# TFDS 4.9.10 imports both without declaring them for every Python that it supports.
TFDS = ["tensorflow-datasets>=4.9.10", "importlib_resources>=6.0", "mlcroissant>=1.0", "array_record>=0.8"]
BEAM = ["apache-beam>=2.77", "universal-pathlib>=0.2"]
SHARDS = ["google-crc32c>=1.5", "isal>=1.7"]

EXTRAS = {
    "crawl": ["scrapy>=2.19"],
    "read": TENSORFLOW[:1] + TFDS,
    "build": TENSORFLOW + TFDS + BEAM + SHARDS,
    "train": TENSORFLOW + TFDS + ["tensorboard>=2.20"],
    "enhance": TENSORFLOW + BEAM,
    "openvino": ["openvino>=2026.0"],
    "studio": ["fastapi>=0.115", "jinja2>=3.1", "uvicorn>=0.32"],
    "tune": ["optuna>=4.0"],
}
EXTRAS["all"] = sorted({requirement for group in EXTRAS.values() for requirement in group})
# Of use on their own machines only, and large: left out of "all".
EXTRAS["dataflow"] = [*BEAM, "apache-beam[gcp]>=2.77", "gcsfs>=2025.3"]
EXTRAS["s3"] = ["s3fs>=2025.3"]
EXTRAS["dev"] = [
    "axe-playwright-python",
    "httpx",
    "hypothesis",
    "jax[cpu]",
    "mypy",
    "pandas-stubs",
    "playwright",
    "psutil",
    "pytest",
    "pytest-cov",
    "pytest-timeout",
    "pytest-xdist",
    "ruff",
    "types-PyYAML",
    "types-tqdm",
]

setup(
    name="imagic-restoration",
    version="0.1.0",
    description="A dataset factory for picture restoration, with an offline enhancer for whole archives",
    license="Apache-2.0",
    python_requires=">=3.11,<3.13",
    packages=find_packages(exclude=["tests", "tests.*", "benchmarks", "benchmarks.*"]),
    py_modules=["cli", "clickable"],
    package_data={
        "imaging": ["recipes/*.yaml"],
        "imagic_models": ["weights/*"],
        "studio": ["static/*", "static/vendor/*", "templates/*"],
        "tfds_builders": ["restoration_pairs/*"],
    },
    install_requires=GROUND,
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["imagic=cli:main"]},
)
