"""`/v1/plans/{id}/explanations`, `/preview`, `/suggestions`: advice on a plan; nothing is changed.

Room: the front door on the wire. In: a plan's id, buildings, what is asked. Out: findings, previews, choices.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from annotated_types import Len
from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api import advice_documents, schemas
from api.access import guarded_router
from api.bodies import JSON_TYPE, read_json
from api.deps import ServicesDep, SheetsDep, answer
from gisgrid import advising
from gisgrid.advising import PlanBoards

router = guarded_router("plans 网格方案")

BUILDINGS_LIMIT: Final = 10_000
GRIDS_LIMIT: Final = 1_000

_Code = Annotated[str, Len(1, 100)]
_Key = Annotated[str, Len(1, 50)]


class PreviewBody(BaseModel):
    """An assignment to be looked at before it is made."""

    model_config = ConfigDict(extra="forbid")

    buildings: Annotated[list[_Code], Len(1, BUILDINGS_LIMIT), Field(description="Codes of buildings of the plan.")]
    to: Annotated[_Key, Field(description="Key of a grid of the plan, or `new`.", examples=["3"])]


class SuggestionsBody(BaseModel):
    """What is to be suggested."""

    model_config = ConfigDict(extra="forbid")

    op: Literal["split", "merge", "balance"]
    grid: Annotated[_Key | None, Field(description="Key of the grid to split or merge.")] = None
    grids: Annotated[
        list[_Key],
        Len(0, GRIDS_LIMIT),
        Field(description="Keys of the grids to balance; one stands for it and its neighbours, none for all."),
    ] = []
    most_households: Annotated[int, Field(ge=1, le=1_000_000, description="No balance moves more households.")] = 100
    seed: Annotated[int, Field(ge=0, le=2**31 - 1, description="The same seed gives the same choices.")] = 0

    def request(self) -> advising.Request:
        """Return the request in the words of the product."""
        grids = dict.fromkeys(([] if self.grid is None else [self.grid]) + self.grids)
        return advising.Request(self.op, tuple(grids), self.most_households, self.seed)


async def _boards(request: Request) -> PlanBoards:
    """Return the boards of the app; async, because a plain function would wait for a thread of its own."""
    boards: PlanBoards = request.app.state.boards
    return boards


BoardsDep = Annotated[PlanBoards, Depends(_boards)]


def _body(model: type[BaseModel]) -> dict[str, Any]:
    """Return what the documentation says about a body."""
    return {"requestBody": {"required": True, "content": {JSON_TYPE: {"schema": model.model_json_schema()}}}}


@router.get("/v1/plans/{plan_id}/explanations")
def explain_plan(boards: BoardsDep, plan_id: str) -> Response:
    """Tell why each grid, and each estate in several grids, is as it is."""
    return answer(advice_documents.explanations(boards.explain(plan_id)))


@router.post("/v1/plans/{plan_id}/preview", openapi_extra=_body(PreviewBody))
def preview_plan(boards: BoardsDep, plan_id: str, body: Annotated[Any, Depends(read_json)]) -> Response:
    """Tell what assigning buildings to a grid would do, without doing it."""
    wanted = schemas.checked(PreviewBody, body)
    return answer(advice_documents.preview(boards.preview(plan_id, wanted.buildings, wanted.to)))


@router.post("/v1/plans/{plan_id}/suggestions", openapi_extra=_body(SuggestionsBody))
def suggest_for_plan(
    services: ServicesDep, sheets: SheetsDep, plan_id: str, body: Annotated[Any, Depends(read_json)]
) -> Response:
    """Suggest up to three ways to split, merge or balance grids, the best first."""
    wanted = schemas.checked(SuggestionsBody, body)
    return answer(advice_documents.suggestions(advising.suggest(services.database, plan_id, wanted.request(), sheets)))
