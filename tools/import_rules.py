"""An import-linter contract that reads as the table in docs/architecture.md."""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class RoomsContract(Contract):
    """Only the imports that a table allows.

    `rooms` are lines "ROOM -> ROOM ROOM …", names under the package `root`; `root` itself stands for its
    `__init__.py`. A line for "a.b" adds to what "a" allows. `everyone` may be imported from everywhere.
    Imports for type checkers count as well.
    """

    type_name = "rooms"

    root = fields.StringField()
    everyone = fields.ListField(subfield=fields.StringField())
    rooms = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Compare each import between two rooms with the table."""
        del verbose
        table = {
            name.strip(): set(allowed.split())
            for name, _, allowed in (row.partition("->") for row in self._rows)
        }
        faults: list[str] = []
        for importer in sorted(graph.modules):
            allowed = self._allowed(table, importer)
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                room = self._room(imported)
                if room == self._room(importer) or room in allowed:
                    continue
                details = graph.get_import_details(importer=importer, imported=imported)
                faults += [f"{importer}:{detail['line_number']} imports {imported}" for detail in details]
        unknown = {self._room(module) for module in graph.modules} - table.keys()
        faults += [f"the room {room} stands in no line of the table" for room in sorted(unknown)]
        return ContractCheck(kept=not faults, metadata={"faults": faults})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import that the table does not allow."""
        for fault in check.metadata["faults"]:
            output.print_error(fault, bold=False)

    @property
    def _root(self) -> str:
        return str(self.root)

    @property
    def _rows(self) -> list[str]:
        return [str(row) for row in self.contract_options["rooms"]]

    def _room(self, module: str) -> str:
        """The first part of a module's name under the root; the root's own name for the root."""
        return module.removeprefix(f"{self._root}.").split(".")[0]

    def _allowed(self, table: dict[str, set[str]], module: str) -> set[str]:
        """What a module may import: the lines of all the packages that it is in."""
        parts = module.removeprefix(f"{self._root}.").split(".")
        lines = (table.get(".".join(parts[: count + 1]), set[str]()) for count in range(len(parts)))
        everyone = {str(name) for name in self.contract_options["everyone"]}
        return everyone.union(*lines)
