"""The programs and tests that `osmia new` starts a project with: ordinary modules, checked like any other.

Each template is a module and its test, NAME.py and NAME_test.py; `osmia new` writes both under the
project's name.
"""
