"""The routes: each translates a request into one call of the platform, and its result into an answer.

Calls that rank or wait for the disk run in a pool of threads; the loop only translates.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, TypeVar, TypeVarTuple

import msgspec
from litestar import Litestar, MediaType, Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.params import PathParameter, QueryParameter, RawBody
from litestar.types import Scope
from msgspec.inspect import is_struct_type

import plainview
from plainview.feed.viewers import BLOCKS, FOLLOWS, MUTES, PAGES
from plainview.ledger.spelling import to_base64
from plainview.moderation.rules.pack import Allowed, Pack, Policy
from plainview.platform.acts import LIMIT, NewAct
from plainview.platform.application import Application
from plainview.platform.audit import RecordsRequest
from plainview.platform.bodies import decoded
from plainview.platform.catalogue import Card, NewVideo
from plainview.platform.events import NewEvent
from plainview.platform.faults import Fault
from plainview.platform.reigns import release_of
from plainview.platform.serving import Ask, Served
from plainview.platform.viewers import NewSetting, NewViewer
from plainview.records import PAGE_LIMIT, Charter, Page
from plainview.records.fields import Mode
from plainview.server import answers
from plainview.server.answers import (
    ActAnswer,
    ActProof,
    ActsAnswer,
    CharterAnswer,
    ChartersAnswer,
    EventBatch,
    EventsAnswer,
    ExplainedAnswer,
    HealthAnswer,
    OrdersAnswer,
    PageAnswer,
    SettingAnswer,
    ViewerAnswer,
    Written,
    acts_answer,
    event_results,
    explained_answer,
    orders_answer,
    page_answer,
)
from plainview.server.edge import Edge, answers_with
from plainview.server.log import FOREVER, log, takes_gzip
from plainview.server.problems import BODY, HANDLERS, Problem
from plainview.server.query import check_query
from plainview.server.reference import Reference
from plainview.server.schema import RawSchemas, describe, takes
from plainview.server.ui import app_address, app_file

A = TypeVarTuple("A")
R = TypeVar("R")

ID = 2**53 - 1
"""The highest number of a viewer, a video or a record."""
Index = Annotated[int, PathParameter(ge=0, le=ID, description="Of the page's record, as its receipt says.")]
VideoId = Annotated[int, PathParameter(ge=0, le=ID, description="As it was added with, or imported.")]
_DIGEST = r"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048](?!\n)$"
_TOKEN = r"^[A-Za-z0-9_-]{21}[AQgw](?!\n)$"
_PROMETHEUS = "text/plain; version=0.0.4"
_OCTETS = "application/octet-stream"
_SPELLED = "16 bytes in unpadded base64url, 22 characters"
Region = Annotated[
    str | None, QueryParameter(pattern=r"^[A-Z]{2}(?!\n)$", description="ISO 3166-1 alpha-2, ZZ for unknown.")
]


def make_app(application: Application, pool: ThreadPoolExecutor, slow: ThreadPoolExecutor) -> Litestar:
    """The HTTP application over a running platform.

    `pool` does what ranks or waits, `slow` what may take seconds; neither is closed here.
    """
    app = Litestar(
        route_handlers=[
            Router(
                "/v1",
                route_handlers=[
                    take_events,
                    feed,
                    page,
                    proof,
                    video,
                    add_video,
                    register,
                    change_setting,
                    submit_act,
                    list_acts,
                    act_proof,
                    open_records,
                    list_orders,
                    list_charters,
                    release,
                    list_policies,
                ],
            ),
            app_address,
            app_file,
            log,
            health,
            metrics,
        ],
        state=State({"application": application, "pool": pool, "slow": slow}),
        request_max_body_size=BODY,
        before_request=check_query,
        exception_handlers=HANDLERS,
        plugins=[RawSchemas()],
        openapi_config=OpenAPIConfig(
            title="Plainview",
            version=plainview.__version__,
            path="/schema",
            use_handler_docstrings=True,
            render_plugins=[Reference(), JsonRenderPlugin()],
        ),
        logging_config=None,
    )
    described = [kind for kind in vars(answers).values() if is_struct_type(kind)]
    describe(app.openapi_schema, [Problem, Pack, Policy, Allowed, *described])
    return app


_BAD = ResponseSpec(data_container=Problem, description="Cannot be done, and why", generate_examples=False)


def _documented(container: type[Any], *errors: int) -> dict[int, ResponseSpec]:
    """A route's answers, for the OpenAPI schema."""
    return {200: _answer(container, "Done")} | dict.fromkeys((400, 500, 503, *errors), _BAD)


def _answer(container: type[Any], description: str) -> ResponseSpec:
    return ResponseSpec(data_container=container, description=description, generate_examples=False)


_EVENTS = _documented(EventsAnswer, 410, 413) | {
    207: _answer(EventsAnswer, "Some events were refused or are to be sent again, the others kept"),
    422: _answer(EventsAnswer, "All events were refused"),
}


@post(
    "/events",
    summary="Send events",
    description=(
        "What viewers did. Each event has a result of its own. 207 where some were refused, 422 where all were; the "
        "others are kept. One that needs a damaged record has status 503 in its result, and is to be sent again once "
        "that is restored; where all do, 503 is the answer. "
        f"What cites none of a viewer's last {PAGES} pages comes too late to teach anything, and its result says so; a "
        f"follow where {FOLLOWS} creators are followed already is refused."
    ),
    status_code=200,
    operation_class=takes(EventBatch, events=NewEvent),
    responses=_EVENTS,
)
async def take_events(state: State, body: RawBody) -> Response[bytes]:
    batch = decoded(EventBatch, body)
    taken = await _serve(state, state.application.events.take, batch.events)
    faults = [one.fault for one in taken if one.fault is not None]
    again = [fault for fault in faults if fault.code == "unavailable"]
    if again and len(again) == len(taken):
        raise again[0]
    status = 200 if not faults else 422 if len(faults) == len(taken) and not again else 207
    return _json(EventsAnswer(len(taken) - len(faults), len(faults), event_results(taken)), status)


@get(
    "/feed",
    summary="Get a page of the feed",
    middleware=[Edge],
    responses=_documented(PageAnswer, 403, 404, 409, 410, 422),
)
async def feed(
    state: State,
    scope: Scope,
    viewer: Annotated[int, QueryParameter(ge=0, le=ID, description="Who asks, by the number they registered with.")],
    session: Annotated[
        str, QueryParameter(pattern=_TOKEN, description=f"Chosen by the client, one for each session: {_SPELLED}.")
    ],
    n: Annotated[int, QueryParameter(ge=0, le=2**32 - 1, description="Page number in the session, from 0.")],
    nonce: Annotated[
        str,
        QueryParameter(pattern=_TOKEN, description=f"Random, new for each page; it goes into its chance: {_SPELLED}."),
    ],
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT, description="Videos on the page at most.")] = 10,
    mode: Annotated[
        Mode | None, QueryParameter(description="Without a profile where `plain`; left out, as the viewer chose.")
    ] = None,
    surface: Annotated[int, QueryParameter(ge=0, le=255, description="Where in your app the page is shown.")] = 0,
    region: Region = None,
    acknowledged: Annotated[
        int,
        QueryParameter(
            ge=0, le=ID, description="One past the last index that the client saw acknowledged; 0 for none."
        ),
    ] = 0,
) -> Response[bytes]:
    """A page of the For You feed, with its receipt. Asked again for a page of a session, the first comes back."""
    ask = Ask(
        viewer=viewer,
        session=session,
        n=n,
        nonce=nonce,
        limit=limit,
        mode=mode,
        surface=surface,
        region=region,
        acknowledged=acknowledged,
    )
    served, content = await _serve(state, _feed, state.application, ask)
    answers_with(scope, served)
    return _body(content)


@get("/pages/{index:str}", summary="Look at a page again", responses=_documented(ExplainedAnswer, 404))
async def page(state: State, index: Index) -> Response[bytes]:
    """A page that was served: its receipt as it was written, and its trace, computed again."""
    return _body(await _in(state.slow, _explain, state.application, index))


@get(
    "/pages/{index:str}/proof",
    summary="Get a page's proof",
    media_type="text/plain",
    responses={200: ResponseSpec(data_container=str, description="The `.tlog-proof`", generate_examples=False)}
    | dict.fromkeys((400, 404, 500, 503), _BAD),
)
async def proof(state: State, index: Index) -> Response[bytes]:
    """That the page's receipt is in the log (C2SP tlog-proof), to be kept and checked offline; 503 until it is."""
    content = await _call(state, _proof, state.application, index)
    headers = {"content-disposition": f'attachment; filename="page-{index}.tlog-proof"'}
    return Response(content, media_type="text/plain", headers=headers)


@get("/videos/{video_id:str}", summary="Look at a video", responses=_documented(Card, 404))
async def video(state: State, video_id: VideoId) -> Response[bytes]:
    """A video's metadata."""
    return _body(bytes(await _call(state, state.application.catalogue.card, video_id)))


@post(
    "/videos",
    summary="Add a video",
    status_code=200,
    operation_class=takes(NewVideo),
    responses=_documented(Written, 403, 410, 413, 422),
)
async def add_video(state: State, body: RawBody) -> Response[bytes]:
    """A video's metadata. Sent again, it replaces what was there; feeds know it from the next epoch on."""
    new = decoded(NewVideo, body)
    return _json(Written(await _serve(state, state.application.catalogue.add, new)))


@post(
    "/viewers",
    summary="Register a viewer",
    status_code=200,
    operation_class=takes(NewViewer),
    responses=_documented(ViewerAnswer, 403, 409, 410, 413),
)
async def register(state: State, body: RawBody) -> Response[bytes]:
    """A viewer registers, or changes what they told: of who is registered, what is left out stays as it was. Who gives
    a key signs with it, from then on everything, and settings: without one nobody has settings."""
    new = decoded(NewViewer, body)
    return _json(ViewerAnswer(*await _serve(state, state.application.viewers.register, new)))


@post(
    "/acts",
    summary="Submit an act",
    description=(
        "What licensor, operator, partner, builders and auditors say about a release and its licence, as a signed "
        "note. It is journaled, and so in the log, whether it counts or not: 422 where it is out of order, and why. "
        "One that counts counts once, however often it is sent; one that does not is journaled again only where it "
        "counts by then."
    ),
    status_code=200,
    operation_class=takes(NewAct),
    responses=_documented(ActAnswer, 403, 413) | {422: _answer(ActAnswer, "It is journaled, and does not count")},
)
async def submit_act(state: State, body: RawBody) -> Response[bytes]:
    taken = await _write(state, state.application.acts.submit, decoded(NewAct, body))
    answer = ActAnswer(taken.index, taken.fresh, not taken.reason, taken.reason)
    return _json(answer, 200 if answer.counts else 422)


@get("/acts", summary="Look at acts", responses=_documented(ActsAnswer))
async def list_acts(
    state: State,
    start: Annotated[
        int, QueryParameter(name="from", ge=0, le=ID, description="The index of the first that may be among them.")
    ] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT, description="Acts at most.")] = 100,
) -> Response[bytes]:
    """The acts of the journal in its order, those that do not count too."""
    return _json(acts_answer(*await _in(state.slow, state.application.acts.some, start, limit)))


@get("/orders", summary="Look at all orders", responses=_documented(OrdersAnswer))
async def list_orders(state: State) -> Response[bytes]:
    """Which videos were put on pages by order, by whom and why, how often; and which share of each day's that was.

    Orders are acts: they are handed in at /v1/acts.
    """
    return _json(orders_answer(await _in(state.slow, state.application.orders.counts)))


@get("/charters", summary="Look at all charters", responses=_documented(ChartersAnswer))
async def list_charters(state: State) -> Response[bytes]:
    """The log's charters in their order, the first and its amendments, as signed notes. Whose word counts follows from
    them, once the first one's digest is known from elsewhere."""
    return _json(await _in(state.slow, _charters, state.application))


@get(
    "/releases/{digest:str}",
    summary="Get a release's manifest",
    responses={200: ResponseSpec(data_container=str, description="The manifest", generate_examples=False)}
    | dict.fromkeys((400, 404, 500, 503), _BAD),
)
async def release(
    state: State,
    digest: Annotated[
        str, PathParameter(pattern=_DIGEST, description="As a page's receipt names it: SHA-256 of what is answered.")
    ],
) -> Response[bytes]:
    """The manifest of a release that is or was in charge, byte for byte: its digest is the release's."""
    manifest = await _in(state.slow, _manifest, state.application, digest)
    return Response(manifest, media_type=MediaType.JSON, headers={"cache-control": FOREVER})


@get(
    "/policies",
    summary="Get the policies",
    responses={200: _answer(Pack, "The policies")} | dict.fromkeys((400, 404, 500, 503), _BAD),
)
async def list_policies(
    state: State,
    release: Annotated[
        str | None,
        QueryParameter(pattern=_DIGEST, description="Those of this release; without, of the one that is in charge."),
    ] = None,
) -> Response[bytes]:
    """By which policies videos are kept from feeds, and how far a decision by each may go at most. They come byte for
    byte: SHA-256 of them stands in the release's manifest."""
    found = await _in(state.slow, _policies, state.application, release)
    headers = {"cache-control": "no-cache" if release is None else FOREVER}
    return Response(found, media_type=MediaType.JSON, headers=headers)


@post(
    "/audit/records",
    summary="Open records",
    description=(
        "The private records of a range, for whom the charter names as auditor: as a signed note that says which, what "
        "for and when (`plainview/access-request/v1`). Each request is answered once, and that it was is a public "
        "record of the journal first; so is that one was refused which a party has signed. What comes is "
        "`plainview/records/v1`: it may be fewer records than were asked for, and says where to go on."
    ),
    status_code=200,
    media_type=_OCTETS,
    operation_class=takes(RecordsRequest),
    responses={200: ResponseSpec(data_container=bytes, description="The records", generate_examples=False)}
    | dict.fromkeys((400, 403, 404, 409, 413, 422, 500, 503), _BAD),
)
async def open_records(state: State, request: Request[Any, Any, Any], body: RawBody) -> Response[bytes]:
    state.application.check_log()
    asked = decoded(RecordsRequest, body)
    gzipped = takes_gzip(request.headers.get("accept-encoding", ""))
    content = await _in(state.slow, _open, state.application, asked, gzipped)
    headers = {"cache-control": "no-store"} | ({"content-encoding": "gzip"} if gzipped else {})
    return Response(content, media_type=_OCTETS, headers=headers)


@get("/acts/{index:str}/proof", summary="Get an act's proof", responses=_documented(ActProof, 404))
async def act_proof(
    state: State,
    index: Index,
    size: Annotated[int, QueryParameter(ge=1, le=ID, description="Of the tree that the act is to be in.")],
) -> Response[bytes]:
    """That an act is in the log's tree of a size, also one that waits to be cosigned: a partner's witness asks."""
    return _json(await _call(state, _act_proof, state.application, index, size))


@post(
    "/settings",
    summary="Change a setting",
    description=(
        "A viewer follows or blocks a creator, mutes a tag, or takes it back. It holds from the next page on, until it "
        f"is taken back. A viewer follows {FOLLOWS} creators at most, blocks {BLOCKS} and mutes {MUTES} tags: one more "
        "is refused with 422. It is signed by the key that the viewer has registered."
    ),
    status_code=200,
    operation_class=takes(NewSetting),
    responses=_documented(SettingAnswer, 403, 404, 409, 410, 413, 422),
)
async def change_setting(state: State, body: RawBody) -> Response[bytes]:
    new = decoded(NewSetting, body)
    outcome = await _serve(state, state.application.viewers.set, new)
    return _json(SettingAnswer(outcome.index, outcome.fresh))


@get(
    "/health",
    summary="Health",
    responses={
        200: _answer(HealthAnswer, "It serves"),
        400: _BAD,
        503: _answer(HealthAnswer, "It fails, and why"),
    },
)
async def health(state: State) -> Response[bytes]:
    """Whether the platform serves and learns.

    503 and `failing` where it must be started again; 200 and `degraded` where something is tried again, or missing.
    """
    application: Application = state.application
    failure, trouble = application.failure, application.trouble
    answer = HealthAnswer(
        status="failing" if failure else "degraded" if trouble else "ok",
        detail=failure or trouble or "; ".join(application.key_notices.lines),
        release=application.release,
        records=application.journal.size,
        epoch=application.epoch.epoch,
        lag=application.learner.lag,
        videos=len(application.catalogue),
        instance=application.home.instance,
    )
    return _json(answer, 503 if failure else 200)


@get(
    "/metrics",
    summary="Metrics",
    media_type=_PROMETHEUS,
    responses={
        200: ResponseSpec(str, generate_examples=False, description="The metrics", media_type=_PROMETHEUS),
        400: _BAD,
    },
)
async def metrics(state: State) -> bytes:
    """For Prometheus."""
    return state.application.metrics.text()  # type: ignore[no-any-return]


def _feed(application: Application, ask: Ask) -> tuple[Served, bytes]:
    served = application.serving.page(ask)
    entry = served.entry
    assert isinstance(entry.record, Page)
    cards, promise = application.cards(entry.record), application.log.promise(entry)
    baseline, labels = application.serving.baseline(entry), application.orders.labels(entry.record)
    return served, msgspec.json.encode(page_answer(entry, cards, promise, baseline, labels))


def _explain(application: Application, index: int) -> bytes:
    explained = application.pages.explain(index)
    promise = application.log.promise(explained.entry)
    return msgspec.json.encode(explained_answer(application.pipeline, explained, promise))


def _charters(application: Application) -> ChartersAnswer:
    found = []
    for entry in application.journal.of_kind("charter"):
        assert isinstance(entry.record, Charter)
        found.append(CharterAnswer(entry.index, entry.time, entry.record.note))
    return ChartersAnswer(found)


def _manifest(application: Application, digest: str) -> bytes:
    if (found := release_of(application.journal, digest)) is None:
        raise Fault("unknown_release", f"digest: no release {digest} is or was in charge", "digest")
    return found.manifest.encode()


def _policies(application: Application, release: str | None) -> bytes:
    if (found := release_of(application.journal, release)) is None:
        raise Fault("unknown_release", f"release: no release {release} is or was in charge", "release")
    return found.policies.encode()


def _act_proof(application: Application, index: int, size: int) -> ActProof:
    found = application.log.act_proof(index, size)
    if found is None:
        raise Fault("unknown_index", f"index: no act {index} in a tree of {size} records", "index")
    entry, hashes = found
    return ActProof(entry.decode(), [to_base64(one) for one in hashes])


def _open(application: Application, asked: RecordsRequest, gzipped: bool) -> bytes:
    content = application.audit.open(asked)
    return gzip.compress(content, 1, mtime=0) if gzipped else content


def _proof(application: Application, index: int) -> bytes:
    entry = application.pages.entry(index)
    proof = application.log.proof(entry.index)
    if proof is None:
        raise Fault("unavailable", f"index: record {index} is not published yet: ask again in a second", "index")
    return proof.encode()


async def _serve(state: State, function: Callable[[*A], R], *arguments: *A) -> R:
    """As `_write`, for what is only done for people while a licence lets them be served. Raises Fault."""
    state.application.check_open()
    return await _write(state, function, *arguments)


async def _write(state: State, function: Callable[[*A], R], *arguments: *A) -> R:
    """Raises Fault where nothing may be written: it would be acknowledged and then be no part of the log.

    Asked here and not by a guard, for which Litestar copies the route, and starts a thread where it is no coroutine.
    """
    state.application.check_log()
    return await _call(state, function, *arguments)


async def _call(state: State, function: Callable[[*A], R], *arguments: *A) -> R:
    return await _in(state.pool, function, *arguments)


async def _in(pool: ThreadPoolExecutor, function: Callable[[*A], R], *arguments: *A) -> R:
    return await asyncio.get_running_loop().run_in_executor(pool, function, *arguments)


def _json(content: object, status: int = 200) -> Response[bytes]:
    return _body(msgspec.json.encode(content), status)


def _body(content: bytes, status: int = 200) -> Response[bytes]:
    return Response(content, status_code=status, media_type=MediaType.JSON)
