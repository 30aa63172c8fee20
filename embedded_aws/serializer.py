"""DynamoDB's answers as JSON: what moto writes, in a quarter of its time."""

from functools import lru_cache
from typing import Any

from moto.core.model import Shape, StructureShape
from moto.core.serialize import AttributePickerContext, JSONSerializer, XFormedAttributePicker


class DynamoDbSerializer(JSONSerializer):
    """Writes attribute values by itself.

    An attribute value has one of ten members. moto looks for each of the ten, under every name
    that other services' models might use for it.
    """

    def get_value(self, value: Any, key: str, shape: Shape) -> Any:
        """Return a member of a result; moto makes its possible names anew for every member."""
        if type(value) is not dict:
            return super().get_value(value, key, shape)

        parent: Shape = shape.parent  # type: ignore[attr-defined]
        for name in _possible_names(key, shape, parent):
            if name in value:
                return value[name]
        return None

    def _serialize_type_structure(
        self, serialized: Any, value: Any, shape: StructureShape, key: str
    ) -> None:
        if shape.name == "AttributeValue" and isinstance(value, dict):
            serialized[key] = self._attribute_to_json(value)
        else:
            super()._serialize_type_structure(serialized, value, shape, key)

    def _attribute_to_json(self, attribute: dict[str, Any]) -> dict[str, Any]:
        ((kind, value),) = attribute.items()
        if kind == "B":
            value = self._base64(value)
        elif kind == "BS":
            value = [self._base64(member) for member in value]
        elif kind == "L":
            value = [self._attribute_to_json(member) for member in value]
        elif kind == "M":
            value = {name: self._attribute_to_json(member) for name, member in value.items()}
        return {kind: value}


@lru_cache(maxsize=4096)
def _possible_names(key: str, shape: Shape, parent: Shape) -> tuple[str, ...]:
    """Return the names under which moto looks for a member in a plain dictionary."""
    context = AttributePickerContext(key=key, obj={}, shape=shape)
    return tuple(XFormedAttributePicker().get_possible_keys(context))
