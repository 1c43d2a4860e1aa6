"""The models that the playground offers: each a saved inventory, and a first spec for it.

    python docs/site/playground/inventories.py

writes inventories.zip anew, with timm, torchvision and transformers as they are installed; `unpack` is what the build
of the playground does with it. Models of transformers are built from the default configuration of their type, whose
sizes are those of a real model, or from what is said here.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZIP_LZMA, ZipFile, ZipInfo

from lrspec import cli

ARCHIVE = Path(__file__).with_name("inventories.zip")


class Saved(NamedTuple):
    """A model: the name of its files, what people call it, and its source or, for transformers, its configuration."""

    name: str
    title: str
    source: str | dict[str, Any]

    @property
    def kind(self) -> str:
        """The library that it is from."""
        return self.source.partition(":")[0] if isinstance(self.source, str) else "transformers"


def _timm(name: str, title: str) -> Saved:
    return Saved(name, title, f"timm:{name}")


def _transformers(name: str, title: str, type_: str, class_: str, **sizes: Any) -> Saved:
    return Saved(name, title, {"model_type": type_, "architectures": [class_], **sizes})


MODELS = (
    _timm("resnet18", "ResNet-18"),
    _timm("resnet50", "ResNet-50"),
    _timm("convnext_tiny", "ConvNeXt-T"),
    _timm("efficientnet_b0", "EfficientNet-B0"),
    _timm("mobilenetv3_large_100", "MobileNetV3-L"),
    _timm("regnety_016", "RegNetY-1.6GF"),
    _timm("vit_base_patch16_224", "ViT-B/16"),
    _timm("swin_tiny_patch4_window7_224", "Swin-T"),
    _timm("maxvit_tiny_tf_224", "MaxViT-T"),
    _timm("beitv2_base_patch16_224", "BEiT v2-B/16"),
    _timm("eva02_base_patch14_224", "EVA-02-B/14"),
    _timm("vit_base_patch14_reg4_dinov2", "DINOv2-B/14 with registers"),
    _timm("vit_base_patch16_dinov3", "DINOv3-B/16"),
    Saved("torchvision-resnet50", "ResNet-50 of torchvision", "torchvision:resnet50"),
    Saved("torchvision-fasterrcnn", "Faster R-CNN, ResNet-50 FPN", "torchvision:fasterrcnn_resnet50_fpn_v2"),
    _transformers("bert-base", "BERT base, to classify", "bert", "BertForSequenceClassification"),
    _transformers("roberta-base", "RoBERTa base, to classify", "roberta", "RobertaForSequenceClassification"),
    _transformers("gpt2", "GPT-2", "gpt2", "GPT2LMHeadModel"),
    _transformers("t5-small", "T5 small", "t5", "T5ForConditionalGeneration"),
    _transformers("whisper-tiny", "Whisper tiny", "whisper", "WhisperForConditionalGeneration"),
    _transformers("wav2vec2-base", "wav2vec 2.0 base, with CTC", "wav2vec2", "Wav2Vec2ForCTC"),
    _transformers("clip-vit-b-32", "CLIP ViT-B/32", "clip", "CLIPModel"),
    _transformers("siglip-base", "SigLIP base", "siglip", "SiglipModel"),
    _transformers("llama-7b", "Llama 7B", "llama", "LlamaForCausalLM"),
    _transformers("mistral-7b", "Mistral 7B", "mistral", "MistralForCausalLM"),
    _transformers("mixtral-8x7b", "Mixtral 8×7B", "mixtral", "MixtralForCausalLM"),
    _transformers(
        *("qwen2-7b", "Qwen2 7B", "qwen2", "Qwen2ForCausalLM"),
        hidden_size=3584,
        intermediate_size=18944,
        num_hidden_layers=28,
        num_attention_heads=28,
        num_key_value_heads=4,
        vocab_size=152064,
    ),
    _transformers(
        *("qwen2-vl-7b", "Qwen2-VL 7B", "qwen2_vl", "Qwen2VLForConditionalGeneration"),
        text_config={
            "model_type": "qwen2_vl_text",
            "hidden_size": 3584,
            "intermediate_size": 18944,
            "vocab_size": 152064,
            "num_hidden_layers": 28,
            "num_attention_heads": 28,
            "num_key_value_heads": 4,
        },
        vision_config={"hidden_size": 3584},
    ),
    _transformers("gemma-7b", "Gemma 7B", "gemma", "GemmaForCausalLM"),
    _transformers("deepseek-v3", "DeepSeek-V3", "deepseek_v3", "DeepseekV3ForCausalLM"),
)


def unpack(into: Path) -> None:
    """Write the files of all models to a folder."""
    with ZipFile(ARCHIVE) as archive:
        archive.extractall(into)


def main() -> None:
    """Build each model, and write its inventory and its first spec to the archive."""
    rows = []
    with tempfile.TemporaryDirectory() as folder, ZipFile(ARCHIVE, "w") as archive:
        os.chdir(folder)
        for saved in MODELS:
            content = json.loads(_inventory(saved).read_bytes())
            spec = _first_spec(saved)
            rows.append(_row(saved, content))
            _add(archive, f"{saved.name}.params.json", json.dumps(content, separators=(",", ":")))
            _add(archive, f"{saved.name}.lrspec.yaml", spec.read_text(encoding="utf-8"))
        _add(archive, "index.json", json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def _inventory(saved: Saved) -> Path:
    source = saved.source
    if isinstance(source, dict):
        source = f"hf:{saved.name}.config.json"
        Path(f"{saved.name}.config.json").write_text(json.dumps(saved.source), encoding="utf-8")
    _run("params", "--model", source, "-o", f"{saved.name}.params.json")
    return Path(f"{saved.name}.params.json")


def _first_spec(saved: Saved) -> Path:
    """What `lrspec init` writes; a spec cannot be for a configuration that only this program has."""
    named = ("--params", f"{saved.name}.params.json") if isinstance(saved.source, dict) else ("--model", saved.source)
    _run("init", *named, "-o", f"{saved.name}.lrspec.yaml")
    return Path(f"{saved.name}.lrspec.yaml")


def _row(saved: Saved, content: dict[str, Any]) -> dict[str, Any]:
    shapes = [entry["shape"] for entry in content["parameters"]]
    return {
        "name": saved.name,
        "title": saved.title,
        "kind": saved.kind,
        "source": content["source"],
        "parameters": len(shapes),
        "elements": sum(map(math.prod, shapes)),
    }


def _add(archive: ZipFile, name: str, text: str) -> None:
    archive.writestr(ZipInfo(name), text.encode(), ZIP_LZMA)


def _run(*words: str) -> None:
    if cli.run([*words]):
        raise SystemExit(f"lrspec {' '.join(words)}: failed")


if __name__ == "__main__":
    main()
