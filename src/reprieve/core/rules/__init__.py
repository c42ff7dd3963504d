"""Rules: a small language in three-valued logic, the shipped protocol rules, and their evaluation."""

from reprieve.core.rules.arrays import over
from reprieve.core.rules.changes import Case, Change
from reprieve.core.rules.files import load_rules, read_rules
from reprieve.core.rules.findings import Finding, State
from reprieve.core.rules.parse import parse
from reprieve.core.rules.protocol import Action, Conflict, Limit, Phase, Rule, Strength
from reprieve.core.rules.ruleset import RuleSet
from reprieve.core.rules.scalar import Part, Verdict, evaluate
from reprieve.core.rules.tree import Expression
from reprieve.core.rules.variables import Kind, Variable, category, declare, number, truth

__all__ = [
    "Action",
    "Case",
    "Change",
    "Conflict",
    "Expression",
    "Finding",
    "Kind",
    "Limit",
    "Part",
    "Phase",
    "Rule",
    "RuleSet",
    "State",
    "Strength",
    "Variable",
    "Verdict",
    "category",
    "declare",
    "evaluate",
    "load_rules",
    "number",
    "over",
    "parse",
    "read_rules",
    "truth",
]
