"""The kernel takes the programs of each template of `osmia new`."""

from __future__ import annotations

import importlib

import pytest

import osmia
from osmia.cli.new import TEMPLATES
from tests.builders.kernel_modules import programs_of

FUNCTION_TRACER = ("fentry", "lsm")
"""They need the function tracer; without it, the kernel says that it is not permitted."""


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_verifier_takes_it(template: str) -> None:
    module = importlib.import_module(f"osmia.templates.{template.replace('-', '_')}")
    try:
        with osmia.load(*programs_of(module)) as bpf:
            for program in programs_of(module):
                assert bpf.program(program.name).fileno() >= 0
    except osmia.NotSupportedError as error:
        pytest.skip(str(error))
    except osmia.PermissionDeniedError as error:
        if template not in FUNCTION_TRACER:
            raise
        pytest.skip(str(error))
