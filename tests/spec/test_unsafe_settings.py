"""What a stranger's spec or configuration says of a model: it opens nothing, runs nothing, reaches nobody."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from lrspec.diagnostics.source import spell
from lrspec.spec.load import read
from lrspec.spec.syntax.document import Format
from lrspec.spec.unsafe_settings import unsafe_settings, why_unsafe


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where models are built: with code and weights of a stranger's, which leave a trace where they are run."""
    monkeypatch.chdir(tmp_path)
    for name in ("evil.py", "modeling_evil.py", "evil/__init__.py", "kernels.py", "evil/modeling_evil.py"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("open('trace', 'w')")
    for name in ("evil/config.json", "evil/pytorch_model.bin", "evil/model.safetensors", "adapter.evil.bin"):
        Path(name).write_text("{}")
    return tmp_path


# -------------------------------------------------------------------------------------------------- one at a time

DENIED: dict[str, Any] = {
    **{key: {"AutoModel": "evil.Evil"} for key in ("auto_map", "custom_pipelines", "custom_generate")},
    **dict.fromkeys(("trust_remote_code", "use_kernels"), True),
    **dict.fromkeys(("revision", "code_revision"), "main"),
    **dict.fromkeys(("attn_implementation", "_attn_implementation", "experts_implementation"), "org/kernel"),
    **dict.fromkeys(("pretrained", "pretrained_backbone", "use_pretrained_backbone"), True),
    **{key: {"file": "evil.pth"} for key in ("pretrained_cfg", "pretrained_cfg_overlay")},
    **dict.fromkeys(("checkpoint_path", "weights", "weights_backbone"), "evil.pth"),
    **dict.fromkeys(("name_or_path", "_name_or_path", "pretrained_model_name_or_path"), "org/name"),
    **dict.fromkeys(("index_path", "tokenizer_file", "cache_dir", "data_dirs", "vocab_files"), "../evil"),
    **{key: ["evil"] for key in ("some_paths", "model_folder", "model_url", "model_uri", "hub_repo", "hub_repo_id")},
    **{key: {"x": "evil"} for key in ("backbone_kwargs", "hub_kwargs")},
    **dict.fromkeys(("architecture", "anything"), "hf-hub:org/name"),
    "block": "LOCAL-DIR:/evil",
    "layer": " hf_hub:org/name",
    "norm": "hf-\thub:org/name",
}


def test_each_denied_name_is_told_at_its_place_at_any_depth_in_yaml_and_json() -> None:
    for key, value in DENIED.items():
        for around in ([], ["inner"], ["inner", 1, "deeper"]):
            inner: Any = {"harmless": 1, key: value, "more": 2}
            for step in reversed(around):
                inner = {step: inner} if isinstance(step, str) else [1, inner]
            spec = {"lrspec": 1, "models": {"source": "hf:model", "args": inner}, "rules": [{"match": "a", "lr": 1}]}
            for text, format in written(spec):
                (found,) = read(text.encode(), "spec", format).diagnostics
                assert (found.code, found.line, found.column) == ("LRS104", *place_of(key, text)), (key, around)
                assert [path for path, _ in unsafe_settings(inner)] == [(*around, key)]


def written(spec: Any) -> Iterator[tuple[str, Format]]:
    """A spec in each format, each value on a line of its own."""
    text = json.dumps(spec, indent=1)
    yield text, "json"
    yield text.replace("\\t", "\\x09"), "yaml"


def place_of(key: str, text: str) -> tuple[int, int]:
    """The line and the column of the value of a key that comes once."""
    (line,) = [number for number, each in enumerate(text.splitlines(), 1) if each.strip().startswith(f'"{key}": ')]
    return line, text.splitlines()[line - 1].index(": ") + 3


def test_in_a_list_of_models_the_place_is_that_of_the_model() -> None:
    models = "- resnet18\n- source: resnet18\n  args: {a: 1, pretrained: true}"
    text = f"lrspec: 1\nmodels:\n{models}\nrules: [{{match: a, lr: 1}}]"
    (found,) = read(text.encode(), "spec", "yaml").diagnostics
    assert (found.code, found.line, found.column) == ("LRS104", 5, 28)
    assert found.message == "pretrained=True: weights are never loaded; remove it"


@pytest.mark.parametrize("value", [None, False, 0, "", [], {}])
def test_a_setting_that_says_no_is_let_through(value: Any) -> None:
    for key in DENIED:
        assert why_unsafe(key, value, {"use_timm_backbone": True}) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("drop_path", 0.1),
        ("use_mem_eff_path", True),
        ("window_path", [7, 7]),
        ("backbone", "resnet50"),
        ("architecture", "resnet50"),
        ("act_layer", "gelu"),
        ("label", "a: b"),
        ("profile", "x"),
        ("weights_decay", 1),
    ],
)
def test_a_setting_that_names_no_place_is_let_through(key: str, value: Any) -> None:
    assert why_unsafe(key, value) is None
    assert list(unsafe_settings({"inner": [{key: value}]})) == []


@pytest.mark.parametrize("flag", ["use_timm_backbone", "use_pretrained_backbone"])
def test_the_name_of_a_backbone_is_refused_where_it_would_be_loaded(flag: str) -> None:
    assert why_unsafe("backbone", "resnet50", {flag: True, "backbone": "resnet50"}) is not None
    assert why_unsafe("backbone", "resnet50", {flag: False, "backbone": "resnet50"}) is None


# ------------------------------------------------------------------------------------- models are built, and watched

WATCHED = """
import json, os, sys
from pathlib import Path
import lrspec
from lrspec.models.by_name import inventory_of
from lrspec.models.sources.model_error import ModelError

INSTALLED = tuple(place + os.sep for place in {*map(os.path.realpath, (sys.prefix, sys.base_prefix, *lrspec.__path__))})
STARTED = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "pty.", "ctypes.dlopen")
TOUCHED = ("builtins.input", "shutil.", "tempfile.", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link")
seen, now = [], None

def is_elsewhere(path):
    if isinstance(path, int):
        return path == 0
    path = os.fsdecode(path)
    is_known = path == os.devnull or os.path.realpath(path).startswith(INSTALLED) or path == now[0]
    return not is_known and os.path.lexists(path)

def hook(event, args):
    if now is None:
        return
    is_outside = event == "open" and is_elsewhere(args[0])
    is_code = event == "exec" and not args[0].co_filename.startswith(("<", *INSTALLED))
    if is_outside or is_code or event.startswith((*STARTED, *TOUCHED)):
        seen.append((*now, event, str(args[:1])))

def built(source, args, file=None):
    global now
    now = (file, source, str(args))
    try:
        return [(each.name, each.shape) for each in inventory_of(source, args, Path()).parameters]
    except ModelError as refusal:
        return str(refusal)
    finally:
        now = None

sys.addaudithook(hook)
"""


def watched(work: str, *words: str) -> Any:
    """What comes of building models in a process; nothing may be opened, run, reached, read or printed by that."""
    ran = subprocess.run(
        [sys.executable, "-P", "-c", f"{WATCHED}\n{work}\nprint(json.dumps([said, seen, sys.stdin.read()]))", *words],
        input="typed",
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    assert ran.stdout.count("\n") == 1
    said, seen, typed = json.loads(ran.stdout)
    assert (seen, typed) == ([], "typed")
    assert not Path("trace").exists()
    return said


# --------------------------------------------------------------------------------------------- hostile configurations

TEXT = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8, "vocab_size": 20}
VISION = {**TEXT, "image_size": 16, "patch_size": 8}
VISION.pop("vocab_size")
IDS = {"pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0}
SEQ2SEQ = {
    **dict.fromkeys(("d_model", "encoder_ffn_dim", "decoder_ffn_dim"), 8),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 2),
    **dict.fromkeys(("encoder_layers", "decoder_layers"), 1),
    **IDS,
    "vocab_size": 20,
    "decoder_start_token_id": 0,
}
STAGES = {"hidden_sizes": [8, 8], "depths": [1, 1]}
CLIP_PARTS = {
    "text_config": {**TEXT, **IDS, "max_position_embeddings": 8},
    "vision_config": VISION,
    "projection_dim": 4,
}
BERT = {"model_type": "bert", **TEXT}
DETR = {**SEQ2SEQ, "num_queries": 4}
SPEECH = {
    **TEXT,
    "conv_dim": [8, 8],
    "conv_stride": [5, 2],
    "conv_kernel": [10, 3],
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
}
RESNET = {"model_type": "resnet", **STAGES, "embedding_size": 8, "layer_type": "basic", "out_features": ["stage2"]}
MODELS: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "bert": ("BertForMaskedLM", TEXT, ()),
    "roberta": ("RobertaModel", {**TEXT, **IDS}, ()),
    "albert": ("AlbertModel", {**TEXT, **IDS, "embedding_size": 8}, ()),
    "electra": ("ElectraModel", {**TEXT, "embedding_size": 8}, ()),
    "distilbert": ("DistilBertModel", {"dim": 8, "hidden_dim": 8, "n_layers": 1, "n_heads": 2, "vocab_size": 20}, ()),
    "deberta-v2": ("DebertaV2Model", {**TEXT, "conv_kernel_size": 3, "norm_rel_ebd": "layer_norm"}, ()),
    "gpt2": ("GPT2Model", {"n_embd": 8, "n_layer": 1, "n_head": 2, "vocab_size": 20, **IDS}, ()),
    "opt": ("OPTModel", {**TEXT, "ffn_dim": 8, "word_embed_proj_dim": 8, **IDS}, ()),
    "llama": ("LlamaForCausalLM", {**TEXT, **IDS}, ()),
    "mistral": ("MistralModel", {**TEXT, **IDS, "num_key_value_heads": 2}, ()),
    "qwen2": ("Qwen2Model", {**TEXT, **IDS, "num_key_value_heads": 2}, ()),
    "gemma": ("GemmaModel", {**TEXT, **IDS, "num_key_value_heads": 2, "head_dim": 4}, ()),
    "t5": ("T5Model", {"d_model": 8, "d_kv": 4, "d_ff": 8, "num_layers": 1, "num_heads": 2, "vocab_size": 20}, ()),
    "bart": ("BartModel", SEQ2SEQ, ()),
    "rwkv": ("RwkvModel", {"hidden_size": 8, "num_hidden_layers": 1, "vocab_size": 20, **IDS}, ()),
    "whisper": ("WhisperModel", SEQ2SEQ, ()),
    "wav2vec2": ("Wav2Vec2ForCTC", {**SPEECH, "adapter_attn_dim": 4}, ()),
    "vit": ("ViTModel", VISION, ()),
    "dinov2": ("Dinov2Model", VISION, ()),
    "beit": ("BeitModel", VISION, ()),
    "swin": ("SwinModel", {"embed_dim": 4, "depths": [1], "num_heads": [1], "image_size": 16, "window_size": 2}, ()),
    "convnext": ("ConvNextModel", {**STAGES, "num_stages": 2}, ()),
    "resnet": ("ResNetModel", {**STAGES, "embedding_size": 8}, ()),
    "clip": ("CLIPModel", CLIP_PARTS, ("text_config", "vision_config")),
    "siglip": ("SiglipModel", CLIP_PARTS, ("text_config", "vision_config")),
    "llava": (
        "LlavaForConditionalGeneration",
        {
            "text_config": {"model_type": "llama", **TEXT, **IDS},
            "vision_config": {"model_type": "clip_vision_model", **VISION, "num_hidden_layers": 2},
        },
        ("text_config", "vision_config"),
    ),
    "encoder-decoder": (
        "EncoderDecoderModel",
        {"encoder": BERT, "decoder": {**BERT, "is_decoder": True, "add_cross_attention": True}},
        ("encoder", "decoder"),
    ),
    "vision-encoder-decoder": (
        "VisionEncoderDecoderModel",
        {
            "encoder": {"model_type": "vit", **VISION},
            "decoder": {**BERT, "is_decoder": True, "add_cross_attention": True},
        },
        ("encoder", "decoder"),
    ),
    "vision-text-dual-encoder": (
        "VisionTextDualEncoderModel",
        {"text_config": BERT, "vision_config": {"model_type": "vit", **VISION}, "projection_dim": 4},
        ("text_config", "vision_config"),
    ),
    "detr": ("DetrModel", {**DETR, "backbone_config": RESNET, "use_timm_backbone": False}, ("backbone_config",)),
    "timm_wrapper": ("TimmWrapperModel", {"architecture": "test_vit", "num_classes": 2}, ()),
    "timm_backbone": ("TimmBackbone", {"backbone": "test_resnet"}, ()),
}
DROPPED: dict[str, Any] = {
    **dict.fromkeys(("_name_or_path", "name_or_path", "encoder_name_or_path"), "FOLDER/evil"),
    **dict.fromkeys(("attn_implementation", "_attn_implementation", "experts_implementation"), "org/kernel"),
    **dict.fromkeys(("_attn_implementation_internal", "_experts_implementation_internal"), "flash_attention_3"),
    **dict.fromkeys(("to_dict", "from_dict", "from_pretrained", "get_text_config", "__class__", "__dict__"), "evil"),
    **{key: {"x": "FOLDER/evil.py"} for key in ("sub_configs", "attribute_map", "base_model_tp_plan", "a mapping")},
    **dict.fromkeys(("use_return_dict", "has_no_defaults_at_init"), True),
    "use_cache": True,
    "a path": "FOLDER/evil.py",
    "a command\n::error::x ##vso[task.complete]": 1,
    "a colour \x1b[2J": "word",
    "pretrained_cfg": {"url": "https://models.example/evil.pth", "hf_hub_id": "org/name"},
    "label2id": {"weights": 0, "revision": 1},
    "task_specific_params": {"evil": {"prefix": "FOLDER/evil.py"}},
    "quantization_config": {"quant_method": "evil", "modules": "FOLDER/evil.py"},
}
REFUSED: dict[str, Any] = {
    "trust_remote_code": True,
    "custom_generate": "FOLDER/evil",
    "code_revision": "main",
    "revision": "main",
    "use_kernels": True,
    "pretrained": True,
    "checkpoint_path": "FOLDER/evil/pytorch_model.bin",
    "weights": "FOLDER/evil/model.safetensors",
    "tokenizer_file": "FOLDER/evil.py",
    "extra_config_files": ["FOLDER/evil.py"],
    "index_path": "FOLDER/evil",
    "cache_dir": "FOLDER",
    "backbone_kwargs": {"checkpoint_path": "FOLDER/evil/pytorch_model.bin"},
    "model_kwargs": {"trust_remote_code": "yes"},
    "backbone": "FOLDER/evil",
    "architecture": "LOCAL-DIR:FOLDER/evil",
    "activation": " hf-hub:org/name",
    "norm": "Hf_Hub:org/name",
}
BUILDS = """
said = []
for plain, hostile in json.loads(Path(sys.argv[1]).read_text()):
    expected = built("hf:config.json", {}, "config.json") if Path("config.json").write_text(plain) else None
    seen.clear()  # of importing the module of a model
    Path("config.json").write_text(hostile)
    found = built("hf:config.json", {}, "config.json")
    said.append([expected if isinstance(expected, str) else "built", "built" if found == expected else str(found)])
"""


@pytest.mark.slow
def test_a_hostile_configuration_is_refused_in_one_line_or_builds_what_it_would_without(folder: Path) -> None:
    refusals, plans = cycle(REFUSED.items()), list[tuple[str, str, str]]()
    for model_type, (name, settings, parts) in MODELS.items():
        plain = {"model_type": model_type, "architectures": [name], **settings}
        for part in ("", *parts):
            dropped = {**DROPPED, "auto_map": {"AutoModel": "modeling_evil.Evil"}} if not part else DROPPED
            plans.append((json.dumps(plain), json.dumps(at(plain, part, dropped)), "built"))
            for _ in range(3):
                key, value = next(refusals)
                place = spell((*filter(None, [part]), key))
                plans.append((json.dumps(plain), json.dumps(at(plain, part, {key: value})), f"config.json: {place}: "))
    pairs = json.dumps([pair[:2] for pair in plans]).replace("FOLDER", str(folder))
    Path("plans.json").write_text(pairs)
    said = watched(BUILDS, "plans.json")
    assert len(plans) == 4 * (len(MODELS) + sum(len(parts) for _, _, parts in MODELS.values())) >= 160
    for (expected, found), (_, hostile, begins) in zip(said, plans, strict=True):
        assert expected == "built", hostile
        assert found == begins if begins == "built" else found.startswith(begins), (hostile, found)
        assert found.isprintable()
        assert "::error" not in found


def at(content: dict[str, Any], part: str, more: dict[str, Any]) -> dict[str, Any]:
    """A configuration with more settings, in a part of it or at its top; they come first."""
    if not part:
        return {**more, **content} if "backbone" not in more and "architecture" not in more else {**content, **more}
    return {**content, part: {**more, **content[part]}}


# --------------------------------------------------------------------------------------------------- hostile arguments

ARGUMENTS = """
import importlib, inspect, pkgutil
import torch

def names_of(function):
    each = inspect.signature(function).parameters.values()
    return {one.name for one in each if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)} - {"self", "config"}

def classes_in(package):
    for each in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        found = vars(importlib.import_module(each.name)).values()
        yield from (cls for cls in found if isinstance(cls, type) and issubclass(cls, torch.nn.Module))

EVIL = str(Path("evil.py").absolute())
VALUES = (EVIL, {"trust_remote_code": True, "module": EVIL}, {"model": EVIL}, True)
said = {}

def try_all(source, names, file=None):
    assert isinstance(built(source, {}, file), list), built(source, {}, file)
    seen.clear()  # of importing the module of a model
    for name in sorted(names - set(said)):
        said[name] = [built(source, {name: value}, file) for value in VALUES]
        said[name] = [each if isinstance(each, str) else "built" for each in said[name]]
"""
OF_TIMM = """
import warnings
warnings.simplefilter("ignore")
import timm
from timm.models._builder import build_model_with_cfg
for source in ("test_vit", "test_resnet", "test_efficientnet", "test_convnext", "test_byobnet"):
    try_all(source, names_of(type(timm.create_model(source))))
others = {name for cls in classes_in(timm.models) for name in names_of(cls)}
read_from_more = {"pruned", "features_only", "feature_cls", "out_indices", "pretrained_model_args"}
try_all("test_vit", others | names_of(timm.create_model) | names_of(build_model_with_cfg) | read_from_more)
"""
OF_TORCHVISION = """
import torchvision
models = torchvision.models
for name in ("resnet18", "vit_b_32", "squeezenet1_1", "lraspp_mobilenet_v3_large", "fasterrcnn_mobilenet_v3_large_fpn"):
    builder = models.get_model_builder(name)
    cls = type(builder(weights=None, **({"weights_backbone": None} if "rcnn" in name or "lraspp" in name else {})))
    try_all("torchvision:" + name, names_of(builder) | names_of(cls))
others = {name for cls in classes_in(models) for name in names_of(cls)}
others |= {name for each in models.list_models() for name in names_of(models.get_model_builder(each))}
try_all("torchvision:resnet18", others)
"""
OF_TRANSFORMERS = """
import transformers
from lrspec.models.sources.hf_settings import declared_by
for content in json.loads(Path(sys.argv[1]).read_text()):
    Path("config.json").write_text(json.dumps(content))
    kind = transformers.CONFIG_MAPPING[content["model_type"]]
    cls = getattr(transformers, content["architectures"][0])
    try_all("hf:config.json", declared_by(kind) | names_of(cls), "config.json")
"""


@pytest.mark.slow
def test_no_argument_of_timm_lets_it_load_or_run_anything() -> None:
    said = watched(ARGUMENTS + OF_TIMM)
    assert len(said) > 700
    assert_refused(said, ("pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path", "cache_dir"))


@pytest.mark.slow
def test_no_argument_of_torchvision_lets_it_load_or_run_anything() -> None:
    said = watched(ARGUMENTS + OF_TORCHVISION)
    assert len(said) > 200
    assert_refused(said, ("weights", "weights_backbone"))


@pytest.mark.slow
def test_no_argument_of_transformers_lets_it_load_or_run_anything() -> None:
    contents = [
        {"model_type": model_type, "architectures": [name], **settings}
        for model_type, (name, settings, _) in MODELS.items()
    ]
    Path("contents.json").write_text(json.dumps(contents))
    said = watched(ARGUMENTS + OF_TRANSFORMERS, "contents.json")
    assert len(said) > 200
    assert_refused(said, ("name_or_path",))


def assert_refused(said: dict[str, list[str]], names: tuple[str, ...]) -> None:
    """Each value is answered in one harmless line, and those for some arguments are refused by their names."""
    assert all(words.isprintable() for answers in said.values() for words in answers)
    for name in names:
        for words in said[name][:-1]:
            assert words.endswith("remove it"), (name, words)
