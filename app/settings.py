"""Every setting, one `YOUJU_…` environment variable each, with its default."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingestion.strategies import ChunkingStrategy
from retrieval.fusion_weights import KeyIndexMode
from retrieval.refine.refined_search import Refinement

Strategy = Literal["read", "generate", "extract"]
"""How an answer is drafted. read: in the words that the reader is sure of, otherwise as `generate`.
generate: by the generator. extract: with the documents' own sentences."""


_BUNDLED_CONTEXT, _SERVER_CONTEXT = 256, 1600  # tokens


class Settings(BaseSettings):
    """Configuration of a service, its worker and the command line.

    An empty variable counts as not set. Raises ValidationError on a value that does not fit.
    """

    model_config = SettingsConfigDict(
        env_prefix="YOUJU_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    data_dir: Path = Field(Path("data"), description="Where all state lives.")
    models_dir: Path | None = Field(None, description="Prepared models; default DATA_DIR/models.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    workers: int = Field(1, ge=1, le=64, description="Ingestion worker processes.")
    jobs_at_once: int = Field(
        3, ge=1, le=16, description="Jobs of one worker; all but one are files of at most 1 MB."
    )
    threads: int = Field(0, ge=0, description="Model threads a process; 0: one a core.")
    default_collection: str = Field("default", description="Collection used when none is named.")

    encoder: str = Field(
        "bundled",
        description="`bundled`; `bundled-plain`, the same model as published; or a Hugging Face"
        " model or folder.",
    )
    encoder_batch: int = Field(16, ge=1, description="Texts embedded together.")

    strategy: Literal["auto", "read", "generate", "extract"] = Field(
        "auto",
        description="How answers are drafted; `auto`: `generate` with a server, else `read`.",
    )
    reader: Literal["auto", "bundled", "none"] = Field(
        "auto",
        description="What finds the answering sentences; `none`: shared words; `auto`: `bundled`"
        " with that encoder.",
    )

    generator: Literal["bundled", "none"] = Field(
        "bundled", description="What writes answers; `none`: they are extracts."
    )
    generator_url: str | None = Field(
        None, pattern=r"^https?://\S+$", description="An OpenAI-compatible server, e.g. vLLM."
    )
    generator_model: str = Field("youju", description="Model name asked of that server.")
    generator_key: str | None = Field(None, description="Bearer token for that server.")
    generator_timeout_seconds: float = Field(30.0, gt=0, description="Longest wait for a piece.")
    max_answer_tokens: int = Field(160, ge=8, description="Longest answer.")
    context_tokens: int | None = Field(
        None, ge=128, description="Passages shown to the generator; default 256, 1600 of a server."
    )

    chunk_tokens: int = Field(256, ge=32, le=500, description="Longest chunk, encoder tokens.")
    chunking: ChunkingStrategy = Field(
        "structure", description="Where chunks end; docs/architecture.md describes each."
    )
    nsp_model: str = Field(
        "bundled",
        description="Next-sentence model: `bundled`, a Hugging Face one, or a folder; `none`.",
    )
    nsp_threshold: float = Field(
        0.35, ge=0, le=1, description="`greedy_nsp` ends a chunk below this probability."
    )
    nsp_temperature: float = Field(
        1.0, gt=0, description="Divides the logits of a next-sentence model that is not `bundled`."
    )
    keyphrases: Literal["statistical", "embedding"] = Field(
        "statistical",
        description="What ranks keyphrases: how often and how rare their words are, or also how"
        " near their vectors are to the chunk's.",
    )
    key_generator: Literal["off", "generator"] = Field(
        "off",
        description="`generator`: the server at `YOUJU_GENERATOR_URL` writes questions, an abstract"
        " and keyphrases for every chunk.",
    )
    key_generator_seconds: float = Field(
        300.0, gt=0, description="Longest time that takes for a document; the rest goes without."
    )
    key_index: KeyIndexMode = Field(
        "both",
        description="What a search looks at: key information, raw chunks or both;"
        " may be changed at any time.",
    )
    reranker: str = Field(
        "bundled",
        description="What reads the best passages with the question and orders them: `bundled`, a"
        " Hugging Face cross-encoder or folder, or `none`.",
    )
    rerank_passages: int = Field(8, ge=1, le=200, description="Passages it reads.")
    top_k: int = Field(8, ge=1, le=100, description="Passages a search returns.")
    refine: Refinement = Field(
        "off",
        description="What is searched for beside the question. `decompose`: the parts of a compound"
        " one, by rules; the others too, and what the generator writes: `multi_query`, other words;"
        " `hyde`, a likely answer; `iterative`, what is still missing.",
    )
    refine_seconds: float = Field(
        5.0, gt=0, description="Longest time the generator may take for that."
    )
    answer_parts: bool = Field(
        False, description="Answer each part of a compound question by itself."
    )
    refusal_threshold: float = Field(0.2, ge=0, le=1, description="Answers below are refused.")

    rules_file: Path | None = Field(
        None, description="Rules of compliance in place of those that ship; `youju rules check`."
    )

    audit_days: int = Field(
        0, ge=0, description="Users' words in the audit are erased after so many days; 0: never."
    )

    snapshot_seconds: float = Field(
        60.0, ge=0, description="Indexes are saved to disk so long after a change; 0: never."
    )

    max_upload_bytes: int = Field(100 * 2**20, ge=1, description="Largest file accepted.")
    collection_documents: int = Field(
        1_000_000, ge=0, description="Documents a collection may hold; 0: no limit."
    )
    collection_bytes: int = Field(
        100 * 2**30, ge=0, description="Bytes of files a collection may hold; 0: no limit."
    )
    stage_seconds: float = Field(
        600.0, gt=0, description="Longest time a job may make no progress; then it fails."
    )
    parse_seconds: float = Field(1800.0, gt=0, description="Longest time to read one file.")
    parse_stall_seconds: float = Field(
        120.0, gt=0, description="Longest time to read one page, or a file without pages."
    )
    parse_memory_bytes: int = Field(
        2**30, ge=2**28, description="Most memory of the process that reads files."
    )
    ocr: bool = Field(True, description="Read the text in scans, pictures and image files.")
    ocr_pages: int = Field(
        500, ge=1, description="Most pages, or pictures in an Office file, of one document read so."
    )
    lease_seconds: float = Field(30.0, gt=1, description="A worker silent longer has died.")
    max_attempts: int = Field(3, ge=1, description="Tries of a job whose worker died.")
    parallel_requests: int = Field(4, ge=1, description="Questions and searches under way.")
    waiting_requests: int = Field(64, ge=0, description="More waiting than this gives 503.")

    @model_validator(mode="after")
    def _key_generator_has_an_address(self) -> Self:
        if self.key_generator == "generator" and self.generator_url is None:
            raise ValueError("YOUJU_KEY_GENERATOR=generator needs YOUJU_GENERATOR_URL")
        return self

    @property
    def has_bundled_trunk(self) -> bool:
        """Return whether the encoder is the bundled one, tuned or as published."""
        return self.encoder in ("bundled", "bundled-plain")

    @property
    def uses_bundled_reader(self) -> bool:
        """Return whether the bundled reader is used; `auto` is with the encoder it belongs to."""
        if self.reader == "auto":
            return self.has_bundled_trunk
        return self.reader == "bundled"

    @property
    def uses_bundled_generator(self) -> bool:
        """Return whether answers may be written by the bundled generator."""
        return self.generator_url is None and self.generator == "bundled"

    @property
    def drafting(self) -> Strategy:
        """Return how answers are drafted: the bundled generator is weaker than the reader."""
        if self.strategy == "auto":
            return "generate" if self.generator_url else "read"
        return self.strategy

    @property
    def shown_tokens(self) -> int:
        """Return how much a prompt shows: the bundled generator answers best from a short one."""
        default = _SERVER_CONTEXT if self.generator_url else _BUNDLED_CONTEXT
        return self.context_tokens or default

    @property
    def models_path(self) -> Path:
        """Return the folder of prepared models."""
        return self.models_dir or self.data_dir / "models"
