"""What a person asks to be done to a picture: stages, finishing, and what only a person can know."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Form = Literal["png", "original"]
StageName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9:-]{0,60}$")]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
MOST_STAGES = 8
MOST_POINTS = 256


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class StageRequest(_Frozen):
    """One stage of the chain.

    Attributes:
        model: a name that `GET /api/stages` lists.
        strength: 0 keeps the picture, 1 takes the restored one, between them they are mixed.
    """

    model: StageName
    strength: float = Field(default=1.0, ge=0.0, le=1.0)


class PointRequest(_Frozen):
    """A place whose colour is known, in pixels of the upright picture."""

    row: int = Field(ge=0)
    column: int = Field(ge=0)
    colour: Colour

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Red, green and blue, 0 to 255."""
        red, green, blue = bytes.fromhex(self.colour[1:])
        return red, green, blue


class Treatment(_Frozen):
    """Everything that decides the result, apart from the picture.

    Attributes:
        stages: the chain, in order.
        auto: measure the picture and apply only what it needs; `stages` is then empty.
        detail: how much of the texture lost in restoration is put back where the picture has structure.
        stretch: percent of the pixels that a final histogram stretch may clip at either end; 0 for no stretch.
        mask: a PNG in base64, white where the picture is damaged; for stages that take one.
        points: known colours; for stages that take them.
    """

    stages: tuple[StageRequest, ...] = Field(default=(), max_length=MOST_STAGES)
    auto: bool = False
    detail: float = Field(default=0.0, ge=0.0, le=1.0)
    stretch: float = Field(default=0.0, ge=0.0, lt=50.0)
    mask: str | None = None
    points: tuple[PointRequest, ...] = Field(default=(), max_length=MOST_POINTS)


class BuildRequest(_Frozen):
    """A dataset to be built, as far as the studio's page decides it."""

    recipe: StageName
    images: str = Field(default="originals", max_length=300)
    data_dir: str = Field(default="data", max_length=300)
    seed: int = Field(default=0, ge=0)
    variants: int = Field(default=1, ge=1, le=1000)


class EnhanceRequest(_Frozen):
    """A treatment, and the folders that the copied command is to name."""

    treatment: Treatment
    input: str = Field(default="scans", max_length=300)
    out: str = Field(default="enhanced", max_length=300)
