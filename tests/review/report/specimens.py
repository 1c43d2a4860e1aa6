"""Plans whose reports are tested."""

from __future__ import annotations

from lrspec.compiler.compile import Outcome, attempt
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import Parameter
from lrspec.spec.load import loads

HOSTILE = "</script><img src=x onerror=alert(1)>"

SPEC = r"""
lrspec: 1
optimizer: {type: AdamW, lr: 1e-2, weight_decay: 0.05}
rules:
  - name: depth   # from the input to the head
    layers: ['^stem\.', '^blocks\.(\d+)\.', '^head\.']
    layer_decay: 0.5
  - {name: no-decay, where: {ndim: [0, 1]}, weight_decay: 0}
  - {name: experts, match: '^experts\.', lr_mult: 0.1}
  - {name: rest, match: '^extra\.', freeze: true}
"""


def _modules() -> list[tuple[str, int]]:
    blocks = [(f"blocks.{block}.{part}", 6) for block in range(3) for part in ("attn", "mlp")]
    experts = [(f"experts.{expert}.up", 3) for expert in range(4)]
    return [("stem", 2), *blocks, *experts, ("head", 5), ("extra.deep.down", 1)]


INVENTORY = Inventory(
    [
        Parameter(f"{name}.{leaf}", ("lm.weight",) if (name, leaf) == ("stem", "weight") else (), shape, name != "head")
        for name, width in _modules()
        for leaf, shape in (("weight", (width, 40)), ("bias", (width,)))
    ],
    source="a model",
)


def outcome(text: str = SPEC, inventory: Inventory = INVENTORY, path: str = "a.lrspec.yaml") -> Outcome:
    """What comes of a spec for an inventory."""
    return attempt(loads(text, path=path), inventory)


def hostile() -> Outcome:
    """A spec and a model whose every text is an attack on the page."""
    names = [HOSTILE, f"a.{HOSTILE}.weight", "b.<!--.weight", "c.\u202eevil.weight", "d.<b>&amp;{{ 7 * 7 }}"]
    parameters = [Parameter(name, (f"alias{HOSTILE}{name}",), (4, 3), name[0] != "b", (HOSTILE,)) for name in names]
    text = f"""
lrspec: 1
optimizer: {{type: SGD, lr: 2}} # {HOSTILE}
rules:
  - {{name: all, match: '^(?:{HOSTILE}|.)', lr_mult: 1}} # {HOSTILE}
"""
    return outcome(text, Inventory(parameters, HOSTILE, {"a": HOSTILE}), f"{HOSTILE}.yaml")
