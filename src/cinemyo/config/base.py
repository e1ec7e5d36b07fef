"""What all typed params share: frozen, unknown keys forbidden, and the kinds of numbers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Frozen(BaseModel):
    """Values that cannot change, without room for a key that nothing reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")
