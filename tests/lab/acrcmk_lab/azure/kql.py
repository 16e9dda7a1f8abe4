"""The part of Kusto's query language that inventories are asked in.

`resources | where type =~ 'x' and tags['a'] startswith 'b' | project id, sku = sku.name | order by id asc`:
the operators where (comparisons, `in`, and, or, not, parentheses), project, order by, limit and count.
Anything else is refused, as Resource Graph refuses what it does not know.
"""

import re
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Row = dict[str, typing.Any]
Value = Callable[[Row], typing.Any]
Stage = Callable[[list[Row]], list[Row]]

_TOKEN = re.compile(
    r"(?P<skip>\s+|//[^\n]*)"
    r"|(?P<string>'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<operator>!?in~|!(?:in|contains|startswith|endswith)\b|[=!]~|[=!<>]=|[<>|()\[\].,=])"
    r"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<other>.)"
)
_ESCAPE = re.compile(r"\\(.)")
_CONSTANTS: dict[str, typing.Any] = {"true": True, "false": False, "null": None}


class UnreadableError(ValueError):
    """A query that is not understood: the token at fault and its place, lines from 1, characters from 0."""

    def __init__(self, token: "Token") -> None:
        super().__init__(f"{token.line}:{token.column}: {token.text!r}")
        self.token = token


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a query."""

    kind: str
    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query that was understood; `limited` tells whether it limits its own rows."""

    table: str
    stages: tuple[Stage, ...]
    limited: bool

    def run(self, rows: Iterable[Row]) -> list[Row]:
        """Return what the query makes of a table."""
        found = list(rows)
        for stage in self.stages:
            found = stage(found)
        return found


def parse(text: str, *, columns: Iterable[str]) -> Query:
    """Read a query over a table with these columns; UnreadableError where it is not understood."""
    return _Parser(_tokens(text), columns=columns).query()


def _tokens(text: str) -> list[Token]:
    tokens = []
    for found in _TOKEN.finditer(text):
        if found.lastgroup != "skip":
            line = text.count("\n", 0, found.start())
            column = found.start() - (text.rfind("\n", 0, found.start()) + 1)
            tokens.append(Token(str(found.lastgroup), found[0], line + 1, column))
    return [*tokens, Token("end", "<EOF>", text.count("\n") + 1, len(text))]


class _Parser:
    """Recursive descent; every method reads one thing and leaves the next token to come."""

    def __init__(self, tokens: list[Token], *, columns: Iterable[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._columns = set(columns)
        self._limited = False

    def query(self) -> Query:
        table, stages = self._word(), []
        while self._take("|"):
            stages.append(self._stage())
        if self._next.kind != "end":
            raise UnreadableError(self._next)
        return Query(table=table.lower(), stages=tuple(stages), limited=self._limited)

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _stage(self) -> Stage:
        operator = self._next
        stages: dict[str, Callable[[], Stage]] = {
            "where": self._where,
            "project": self._project,
            "order": self._order,
            "sort": self._order,
            "limit": self._limit,
            "take": self._limit,
            "count": self._count,
        }
        if operator.text not in stages:
            raise UnreadableError(operator)
        self._at += 1
        return stages[operator.text]()

    def _where(self) -> Stage:
        wanted = self._either()
        return lambda rows: [row for row in rows if wanted(row)]

    def _project(self) -> Stage:
        shown = dict([self._column()])
        while self._take(","):
            shown |= dict([self._column()])
        self._columns = set(shown)
        return lambda rows: [{name: value(row) for name, value in shown.items()} for row in rows]

    def _column(self) -> tuple[str, Value]:
        """Read `id`, `sku.name` (a column `sku_name`) or `kind = sku.name`."""
        start = self._at
        name = self._word()
        if self._take("="):
            return name, self._value()
        self._at = start
        value = self._value()
        parts = [
            token.text.strip("'\"") for token in self._tokens[start : self._at] if token.kind in ("word", "string")
        ]
        return "_".join(parts), value

    def _order(self) -> Stage:
        self._expect("by")
        keys = [self._key()]
        while self._take(","):
            keys.append(self._key())

        def ordered(rows: list[Row]) -> list[Row]:
            for value, descending in reversed(keys):
                rows = sorted(rows, key=lambda row: _sortable(value(row)), reverse=descending)
            return rows

        return ordered

    def _key(self) -> tuple[Value, bool]:
        """Kusto sorts downwards unless told otherwise."""
        value = self._value()
        if self._take("asc"):
            return value, False
        self._take("desc")
        return value, True

    def _limit(self) -> Stage:
        number = self._next
        if number.kind != "number":
            raise UnreadableError(number)
        self._at += 1
        self._limited = True
        return lambda rows: rows[: int(number.text)]

    def _count(self) -> Stage:
        self._columns = {"Count"}
        return lambda rows: [{"Count": len(rows)}]

    def _either(self) -> Value:
        choices = [self._both()]
        while self._take("or"):
            choices.append(self._both())
        return choices[0] if len(choices) == 1 else lambda row: any(choice(row) for choice in choices)

    def _both(self) -> Value:
        needs = [self._test()]
        while self._take("and"):
            needs.append(self._test())
        return needs[0] if len(needs) == 1 else lambda row: all(need(row) for need in needs)

    def _test(self) -> Value:
        if self._take("not"):
            self._expect("(")
            denied = self._parenthesised()
            return lambda row: not denied(row)
        if self._take("("):
            return self._parenthesised()
        left, operator = self._value(), self._next.text
        if operator in _LISTS:
            self._at += 1
            fold, positive = _LISTS[operator]
            members = {_folded(value({}), fold=fold) for value in self._list()}
            return lambda row: (_folded(left(row), fold=fold) in members) is positive
        if operator in _COMPARISONS:
            self._at += 1
            compare, right = _COMPARISONS[operator], self._value()
            return lambda row: compare(left(row), right(row))
        return left

    def _parenthesised(self) -> Value:
        inner = self._either()
        self._expect(")")
        return inner

    def _list(self) -> list[Value]:
        self._expect("(")
        values = [self._literal()]
        while self._take(","):
            values.append(self._literal())
        self._expect(")")
        return values

    def _value(self) -> Value:
        return self._path() if self._next.kind == "word" and self._next.text not in _CONSTANTS else self._literal()

    def _literal(self) -> Value:
        token = self._next
        if token.kind == "string":
            value: typing.Any = _ESCAPE.sub(r"\1", token.text[1:-1])
        elif token.kind == "number":
            value = float(token.text) if "." in token.text else int(token.text)
        elif token.text in _CONSTANTS:
            value = _CONSTANTS[token.text]
        else:
            raise UnreadableError(token)
        self._at += 1
        return lambda _: value

    def _path(self) -> Value:
        """Read a column, what lies in it (`a.b`, `a['b']`), or a function of one value."""
        head = self._next
        name = self._word()
        if name in _FUNCTIONS and self._take("("):
            function, inner = _FUNCTIONS[name], self._value()
            self._expect(")")
            return lambda row: function(inner(row))
        if name not in self._columns:
            raise UnreadableError(head)
        steps = [name]
        while self._next.text in (".", "["):
            if self._take("."):
                steps.append(self._word())
            elif self._take("["):
                steps.append(str(self._literal()({})))
                self._expect("]")
        return lambda row: _within(row, steps)

    def _word(self) -> str:
        token = self._next
        if token.kind != "word":
            raise UnreadableError(token)
        self._at += 1
        return token.text

    def _take(self, text: str) -> bool:
        found = self._next.text == text and self._next.kind != "string"
        self._at += found
        return found

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise UnreadableError(self._next)


def _within(row: Row, steps: list[str]) -> typing.Any:
    found: typing.Any = row
    for step in steps:
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _text(value: typing.Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _folded(value: typing.Any, *, fold: bool) -> typing.Any:
    return (
        value.lower() if fold and isinstance(value, str) else _text(value) if isinstance(value, dict | list) else value
    )


def _lower(value: typing.Any) -> str:
    return _text(value).lower()


def _sortable(value: typing.Any) -> tuple[bool, str | float]:
    return (True, float(value)) if isinstance(value, int | float) else (False, _text(value))


_LISTS = {"in": (False, True), "in~": (True, True), "!in": (False, False), "!in~": (True, False)}
_COMPARISONS: dict[str, Callable[[typing.Any, typing.Any], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "=~": lambda left, right: _lower(left) == _lower(right),
    "!~": lambda left, right: _lower(left) != _lower(right),
    "<": lambda left, right: _sortable(left) < _sortable(right),
    ">": lambda left, right: _sortable(left) > _sortable(right),
    "<=": lambda left, right: _sortable(left) <= _sortable(right),
    ">=": lambda left, right: _sortable(left) >= _sortable(right),
    "contains": lambda left, right: _lower(right) in _lower(left),
    "!contains": lambda left, right: _lower(right) not in _lower(left),
    "startswith": lambda left, right: _lower(left).startswith(_lower(right)),
    "!startswith": lambda left, right: not _lower(left).startswith(_lower(right)),
    "endswith": lambda left, right: _lower(left).endswith(_lower(right)),
    "!endswith": lambda left, right: not _lower(left).endswith(_lower(right)),
}
_FUNCTIONS: dict[str, Callable[[typing.Any], typing.Any]] = {
    "isempty": lambda value: value in (None, ""),
    "isnotempty": lambda value: value not in (None, ""),
    "isnull": lambda value: value is None,
    "isnotnull": lambda value: value is not None,
    "tolower": lambda value: str(value or "").lower(),
    "tostring": _text,
}
