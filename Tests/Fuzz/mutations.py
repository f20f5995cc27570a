"""Ways to break a model, small enough that most of it stays what it was."""

import random as randomness

import onnx
from google.protobuf.message import DecodeError, Message

SIZES = [0, 1, 2, 3, 7, 255, 65_535, 2**20, 2**31 - 1, 2**31, 2**32, 2**62, 2**63 - 1, -1, -2, -3,
         -2**31, -2**63]


def flip(data, random):
    """Some bytes become others."""
    changed = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 4, 16])):
        if changed:
            changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def cut(data, random):
    """The end, or a piece from the middle, is missing."""
    start = random.randrange(len(data) + 1)
    if random.random() < 0.5:
        return data[:start]
    return data[:start] + data[start + random.randrange(1, 64):]


def repeat(data, random):
    """A piece comes twice."""
    start = random.randrange(len(data) + 1)
    piece = data[start:start + random.randrange(1, 200)]
    return data[:start] + piece + data[start:]


def messages(root):
    """Every message inside, with itself first."""
    found = [root]
    for message in found:
        for field, content in message.ListFields():
            if field.message_type is None:
                continue
            found.extend([content] if isinstance(content, Message) else list(content))
    return found


def fields(root):
    return [(message, field) for message in messages(root) for field, _ in message.ListFields()]


def is_repeated(message, field):
    return not isinstance(getattr(message, field.name), (Message, int, float, bytes, str))


def forget(model, random):
    """A field is gone, or one of its elements."""
    message, field = random.choice(fields(model))
    if is_repeated(message, field) and random.random() < 0.7:
        elements = getattr(message, field.name)
        del elements[random.randrange(len(elements))]
    else:
        message.ClearField(field.name)


def resize(model, random):
    """A number is another: an extent, an attribute, a version, a type."""
    numbers = [(message, field) for message, field in fields(model)
               if field.cpp_type in (field.CPPTYPE_INT32, field.CPPTYPE_INT64,
                                     field.CPPTYPE_UINT64, field.CPPTYPE_ENUM)]
    if not numbers:
        return forget(model, random)
    message, field = random.choice(numbers)
    number = random.choice(SIZES)
    if field.cpp_type == field.CPPTYPE_ENUM:
        number = random.choice(field.enum_type.values).number
    if field.cpp_type == field.CPPTYPE_INT32:
        number = max(min(number, 2**31 - 1), -2**31)
    if field.cpp_type == field.CPPTYPE_UINT64:
        number = abs(number)
    if is_repeated(message, field):
        elements = getattr(message, field.name)
        elements[random.randrange(len(elements))] = number
    else:
        setattr(message, field.name, number)


def rename(model, random):
    """A node reads or makes another value, or is another operator."""
    nodes = [message for message in messages(model) if isinstance(message, onnx.NodeProto)]
    if not nodes:
        return forget(model, random)
    names = [name for node in nodes for name in [*node.input, *node.output]] + ["", "nowhere"]
    node = random.choice(nodes)
    choice = random.random()
    if choice < 0.25:
        node.op_type = random.choice(nodes).op_type
    elif choice < 0.75 and node.input:
        node.input[random.randrange(len(node.input))] = random.choice(names)
    elif node.output:
        node.output[random.randrange(len(node.output))] = random.choice(names)


def refill(model, random):
    """A tensor has more or fewer bytes than its extents say, or others."""
    tensors = [message for message in messages(model) if isinstance(message, onnx.TensorProto)]
    if not tensors:
        return forget(model, random)
    tensor = random.choice(tensors)
    data = tensor.raw_data
    if not data:
        tensor.raw_data = bytes(random.randrange(256) for _ in range(random.randrange(64)))
    elif random.random() < 0.5:
        tensor.raw_data = data[:random.randrange(len(data) + 1)]
    else:
        tensor.raw_data = bytes(random.choice([0, 0x7F, 0x80, 0xFF, random.randrange(256)])
                                for _ in range(len(data)))


def duplicate(model, random):
    """A node, an input or a constant is there twice."""
    graph = random.choice(
        [message for message in messages(model) if isinstance(message, onnx.GraphProto)])
    lists = [content for content in (graph.node, graph.initializer, graph.input, graph.output)
             if len(content)]
    if lists:
        elements = random.choice(lists)
        elements.add().CopyFrom(random.choice(elements))


def number(random):
    return random.choice(SIZES) if random.random() < 0.5 else random.randrange(-4, 12)


def retune(model, random):
    """A number that an operator is told is another: of an attribute, or of a constant of integers."""
    attributes = [message for message in messages(model)
                  if isinstance(message, onnx.AttributeProto) and (message.ints or message.HasField("i")
                                                                   or message.HasField("f"))]
    constants = [message for message in messages(model)
                 if isinstance(message, onnx.TensorProto) and message.raw_data
                 and message.data_type == onnx.TensorProto.INT64]
    if not attributes + constants:
        return resize(model, random)
    chosen = random.choice(attributes + constants)
    if isinstance(chosen, onnx.TensorProto):
        place = random.randrange(max(len(chosen.raw_data) // 8, 1)) * 8
        data = number(random).to_bytes(8, "little", signed=True)
        chosen.raw_data = chosen.raw_data[:place] + data + chosen.raw_data[place + 8:]
    elif chosen.ints:
        place = random.randrange(len(chosen.ints))
        chosen.ints[place] = number(random)
        if random.random() < 0.3:
            chosen.ints.append(number(random))
    elif chosen.HasField("f"):
        chosen.f = random.choice([0.0, -1.0, 1e-38, 3e38, float("inf"), float("nan")])
    else:
        chosen.i = number(random)


def reshape(model, random):
    """An input or an inner value has other extents, as far as the model says."""
    shapes = [message for message in messages(model)
              if isinstance(message, onnx.TensorShapeProto) and message.dim]
    if not shapes:
        return resize(model, random)
    extents = random.choice(shapes).dim
    choice = random.random()
    if choice < 0.7:
        extents[random.randrange(len(extents))].dim_value = number(random)
    elif choice < 0.85:
        del extents[random.randrange(len(extents))]
    else:
        extents.add().dim_value = random.randrange(1, 5)


def weigh(model, random):
    """Constants hold other numbers of the same count."""
    tensors = [message for message in messages(model)
               if isinstance(message, onnx.TensorProto) and message.raw_data]
    if not tensors:
        return resize(model, random)
    tensor = random.choice(tensors)
    fill = random.choice([0, 0x7F, 0x80, 0xFF, None])
    tensor.raw_data = bytes(random.randrange(256) if fill is None else fill
                            for _ in range(len(tensor.raw_data)))


RAW = [flip, cut, repeat]
PARSED = [forget, resize, retune, retune, retune, reshape, reshape, weigh, rename, rename, refill,
          duplicate]


def mutated(data, number, seed):
    """Mutation `number` of a run with `seed`: its name and the broken model."""
    random = randomness.Random(f"{seed}-{number}")
    if random.random() < 0.2:
        change = random.choice(RAW)
        return change.__name__, change(data, random)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError:
        return "flip", flip(data, random)
    names = []
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        if not model.ListFields() or not model.HasField("graph"):
            break
        change = random.choice(PARSED)
        names.append(change.__name__)
        change(model, random)
    return "+".join(names), model.SerializeToString()
