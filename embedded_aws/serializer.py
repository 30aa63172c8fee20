"""DynamoDB's answers as JSON: what moto writes, in half of its time."""

from typing import Any

from moto.core.model import StructureShape
from moto.core.serialize import JSONSerializer


class DynamoDbSerializer(JSONSerializer):
    """Writes attribute values by itself.

    An attribute value has one of ten members. moto looks for each of the ten, under every name
    that other services' models might use for it.
    """

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
