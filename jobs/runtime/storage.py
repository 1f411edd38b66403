"""Files that are no tables: read, replace and create them under a local folder or any URI that Hadoop reads."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from jobs.runtime.atomic_file import create_atomically, write_atomically

# Stores where a file appears when its writer closes it, so that one PUT replaces it: a rename there is copy and delete.
_APPEAR_AT_CLOSE = ("s3a", "s3", "gs")
_CONDITIONAL = "fs.option.create.conditional.overwrite"  # S3A: If-None-Match at close, instead of a look before
_UNCACHED: dict[tuple[Any, str], Any] = {}  # by Spark's context and bucket
_PRIVATE_MODE, _ORDINARY_MODE = 0o600, 0o666
_CONFLICT = "ConditionalRequestConflict"
_EXISTS_ERRORS = ("FileAlreadyExistsException", "RemoteFileChangedException")


class Storage(Protocol):
    """Files below a root, named by paths with `/`. Errors of the store are OSError or Py4JJavaError."""

    @property
    def root(self) -> str:
        """An absolute local path, or a URI without a slash at its end."""
        ...

    @property
    def shared(self) -> bool:
        """Whether processes of several hosts can reach it, so that no lock of an operating system guards it."""
        ...

    def exists(self, name: str) -> bool:
        """Whether there is a file or a folder of this name."""
        ...

    def read(self, name: str) -> bytes | None:
        """The content of a file, None if it is absent."""
        ...

    def write(self, name: str, content: str | bytes, *, private: bool = False) -> None:
        """Replaces a file: readers find the old content or the new, even if the writer dies.

        private: only the owner may read it, where the store has permissions of files; object stores have them of
            buckets
        """
        ...

    def create(self, name: str, content: str | bytes, *, private: bool = False) -> bool:
        """Writes a file that does not exist yet; False if it exists. Of several writers exactly one gets True.

        A writer whose connection broke may get False for the file that it wrote: who must know compares contents.
        """
        ...

    def delete(self, name: str) -> None:
        """Deletes a file or a folder with all below it; one that is absent is no error."""
        ...

    def names(self, folder: str) -> list[str]:
        """The names of files and folders directly below a folder, sorted; none if it is absent."""
        ...

    def upload(self, local: Path, name: str) -> None:
        """Replaces a file or a folder by a copy of a local one.

        A file is replaced atomically, a folder file by file: write a file that marks its end after it.
        """
        ...

    def download(self, name: str, local: Path) -> bool:
        """Copies a folder or a file to a local path that is not in use yet; False if it is absent."""
        ...

    def shown(self, name: str) -> str:
        """How messages name a file."""
        ...


def has_scheme(place: str) -> bool:
    """Whether a place is a URI, which drivers on several hosts can share, and not a path of this host."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/", place) is not None


def is_remote(place: str) -> bool:
    """Whether files of a place are reached through Hadoop, and so with a Spark session; `file:` URIs are not."""
    return has_scheme(place) and not place.lower().startswith("file:")


def storage_of(place: str) -> Storage:
    """The storage at a local path or URI. A remote one needs a Spark session when it is used."""
    return HadoopStorage(place) if is_remote(place) else LocalStorage(place)


class LocalStorage:
    """Files of a local folder, or of a `file:` URI such as a mount that several hosts share."""

    def __init__(self, place: str | Path) -> None:
        text = str(place)
        folder = unquote(urlsplit(text).path) if has_scheme(text) else text
        self.folder = Path(folder).absolute()
        self.shared = has_scheme(text)

    @property
    def root(self) -> str:
        return str(self.folder)

    def path(self, name: str) -> Path:
        """The local path of a file, for readers and writers that work in place."""
        return self.folder / name

    def exists(self, name: str) -> bool:
        return self.path(name).exists()

    def read(self, name: str) -> bytes | None:
        try:
            return self.path(name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, name: str, content: str | bytes, *, private: bool = False) -> None:
        write_atomically(self.path(name), content, mode=_PRIVATE_MODE if private else _ORDINARY_MODE)

    def create(self, name: str, content: str | bytes, *, private: bool = False) -> bool:
        return create_atomically(self.path(name), content, mode=_PRIVATE_MODE if private else _ORDINARY_MODE)

    def delete(self, name: str) -> None:
        path = self.path(name)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def names(self, folder: str) -> list[str]:
        try:
            return sorted(path.name for path in self.path(folder).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []

    def upload(self, local: Path, name: str) -> None:
        target = self.path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        if local.is_dir():
            self.delete(name)
            shutil.copytree(local, target)
        else:
            partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
            shutil.copyfile(local, partial)
            partial.replace(target)

    def download(self, name: str, local: Path) -> bool:
        if not self.path(name).exists():
            return False
        local.parent.mkdir(parents=True, exist_ok=True)
        if self.path(name).is_dir():
            shutil.copytree(self.path(name), local)
        else:
            shutil.copyfile(self.path(name), local)
        return True

    def shown(self, name: str) -> str:
        return str(self.path(name))


class HadoopStorage:
    """Files below a URI, through the JVM of the active Spark session: with its file systems and its credentials."""

    shared = True

    def __init__(self, place: str) -> None:
        self.root = place.rstrip("/")
        self._scheme = urlsplit(place).scheme.lower()

    def exists(self, name: str) -> bool:
        return bool(self._system().exists(self._path(name)))

    def read(self, name: str) -> bytes | None:
        from py4j.protocol import Py4JJavaError

        try:
            stream = self._system().open(self._path(name))
        except Py4JJavaError as error:
            if _is_a(error, "FileNotFoundException"):
                return None
            raise
        try:
            return bytes(stream.readAllBytes())
        finally:
            stream.close()

    def write(self, name: str, content: str | bytes, *, private: bool = False) -> None:
        if self._scheme in _APPEAR_AT_CLOSE:
            _fill(self._system().create(self._path(name), True), content)
        else:
            self._put_and_rename(name, lambda partial: self._put(partial, content, private), "OVERWRITE")

    def create(self, name: str, content: str | bytes, *, private: bool = False) -> bool:
        from py4j.protocol import Py4JJavaError

        try:
            if self._scheme == "hdfs":  # createFile makes an empty file first, which stays if the writer dies
                self._put_and_rename(name, lambda partial: self._put(partial, content, private), "NONE")
            else:
                builder = self._system().createFile(self._path(name)).recursive().overwrite(False)
                _fill(builder.opt(_CONDITIONAL, True).build(), content)
        except Py4JJavaError as error:
            if _is_a(error, *_EXISTS_ERRORS):
                return False
            if _CONFLICT in str(
                error
            ):  # S3: another change of the same name was under way, so that it has to be repeated
                return self.create(name, content, private=private)
            raise
        return True

    def delete(self, name: str) -> None:
        self._system().delete(self._path(name), True)

    def names(self, folder: str) -> list[str]:
        from py4j.protocol import Py4JJavaError

        try:
            return sorted(status.getPath().getName() for status in self._system().listStatus(self._path(folder)))
        except Py4JJavaError as error:
            if _is_a(error, "FileNotFoundException"):
                return []
            raise

    def upload(self, local: Path, name: str) -> None:
        if local.is_dir():
            self.delete(name)
            for path in sorted(local.rglob("*")):
                if path.is_file():
                    self._send(path, self._path(f"{name}/{path.relative_to(local).as_posix()}"))
        elif self._scheme in _APPEAR_AT_CLOSE:
            self._send(local, self._path(name))
        else:
            self._put_and_rename(name, lambda partial: self._send(local, partial), "OVERWRITE")

    def download(self, name: str, local: Path) -> bool:
        system, path = self._system(), self._path(name)
        if not system.exists(path):
            return False
        local.parent.mkdir(parents=True, exist_ok=True)
        system.copyToLocalFile(False, path, self._local_path(local), True)  # True: without files of checksums
        return True

    def shown(self, name: str) -> str:
        return f"{self.root}/{name}"

    def _put_and_rename(self, name: str, put: Callable[[Any], None], option: str) -> None:
        """Puts another file and renames it, which HDFS does at once. `option`: of Hadoop's Options.Rename."""
        system, jvm = self._system(), self._jvm()
        folder, _, last = name.rpartition("/")
        partial = self._path(f"{folder}/.{last}.{uuid.uuid4().hex}.part".lstrip("/"))
        try:
            put(partial)
            rename = getattr(jvm.org.apache.hadoop.fs, "Options$Rename")
            options = _context()._gateway.new_array(rename, 1)
            options[0] = rename.valueOf(option)
            files = jvm.org.apache.hadoop.fs.FileContext.getFileContext(partial.toUri(), self._configuration())
            files.rename(partial, self._path(name), options)
        finally:
            system.delete(partial, False)

    def _put(self, path: Any, content: str | bytes, private: bool) -> None:
        stream = self._system().create(path, True)
        if private:
            self._system().setPermission(path, self._jvm().org.apache.hadoop.fs.permission.FsPermission("600"))
        _fill(stream, content)

    def _send(self, local: Path, path: Any) -> None:
        """Copies a file by a stream: S3A's own copyFromLocalFile hangs where it lacks a part of Amazon's SDK."""
        source = self._jvm().java.io.FileInputStream(str(local.absolute()))
        target = self._system().create(path, True)
        self._jvm().org.apache.hadoop.io.IOUtils.copyBytes(source, target, self._configuration(), True)

    def _path(self, name: str) -> Any:
        return self._jvm().org.apache.hadoop.fs.Path(f"{self.root}/{name}" if name else self.root)

    def _local_path(self, local: Path) -> Any:
        return self._jvm().org.apache.hadoop.fs.Path(f"file:{local.absolute()}")

    def _system(self) -> Any:
        if self._scheme != "s3a":
            return self._path("").getFileSystem(self._configuration())
        # The default stream of S3A caches objects, so that a file that was replaced is read as it was before.
        bucket = (_context(), urlsplit(self.root).netloc)
        if bucket not in _UNCACHED:
            hadoop = self._jvm().org.apache.hadoop
            configuration = hadoop.conf.Configuration(self._configuration())
            configuration.set("fs.s3a.input.stream.type", "classic")
            _UNCACHED[bucket] = hadoop.fs.FileSystem.newInstance(self._path("").toUri(), configuration)
        return _UNCACHED[bucket]

    def _configuration(self) -> Any:
        return _context()._jsc.hadoopConfiguration()

    def _jvm(self) -> Any:
        return _context()._jvm


def _fill(stream: Any, content: str | bytes) -> None:
    """Writes and closes a stream of Java; one that fails before its close leaves no file in an object store."""
    stream.write(content.encode("utf-8") if isinstance(content, str) else content)
    stream.close()


def _context() -> Any:
    from pyspark import SparkContext

    context = SparkContext._active_spark_context
    if context is None:
        raise RuntimeError("files of a remote warehouse need a Spark session")
    return context


def _is_a(error: Any, *names: str) -> bool:
    """Whether an error of Java, or one that it wraps, is of one of these classes."""
    cause = error.java_exception
    while cause is not None:
        if cause.getClass().getSimpleName() in names:
            return True
        cause = cause.getCause()
    return False
