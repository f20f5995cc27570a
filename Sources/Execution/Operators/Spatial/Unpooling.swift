internal import Graphs
internal import Tensors

/// MaxUnpool: values go back to where a MaxPool found them, zeros everywhere else.
struct Unpooling: OperatorKernel {
  private let attributes: SpatialAttributes

  static let widensHalves = true

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    attributes = try SpatialAttributes(node)
    guard attributes.kernel != nil else {
      throw .invalidAttribute(
        operatorName: "MaxUnpool", node: node.name, attribute: "kernel_shape", detail: "is missing")
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let indices = try site.input(1)
    let (shape, type) = (input.shape, input.elementType)
    try site.require(indices, .int64)
    guard let kernel = attributes.kernel, shape.rank == kernel.count + 2, indices.shape == shape
    else { throw site.mismatch("indices \(indices.shape) for an input \(shape)") }
    let axes = try attributes.axes(kernel: kernel, input: Array(shape.dimensions[2...]))
    var pooled = Array(shape.dimensions[..<2])
    for (axis, extent) in zip(axes, shape.dimensions[2...]) {
      pooled.append((extent - 1) * axis.stride + axis.kernel - axis.padBegin - axis.padEnd)
    }
    let wanted = site.hasInput(2) ? try site.integers(2) : pooled
    // Indices count in the image that the attributes tell; a larger one has zeros behind.
    guard wanted.count == pooled.count, pooled.allSatisfy({ $0 >= 0 }),
      zip(wanted, pooled).allSatisfy({ $0 >= $1 && $0 < 1 << 31 })
    else { throw site.mismatch("an output \(wanted) where \(pooled) was pooled") }
    let (source, places) = (site.read(input), site.read(indices))
    let result = try site.output(0, type, Shape(wanted))
    let target = site.write(result)
    let count = shape.elementCount
    let (image, strides) = (Shape(pooled), Shape(wanted).strides)
    let node = site.nodeName
    func body<Real: RealElement>(_ type: Real.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let (from, to) = (run.elements(source, of: type), run.elements(target, of: type))
        let indices = run.elements(places, of: Int64.self)
        to.update(repeating: 0, count: result.shape.elementCount)
        for index in 0..<count {
          guard indices[index] >= 0, indices[index] < Int64(image.elementCount) else {
            throw .indexOutOfRange(node: node, index: indices[index], count: image.elementCount)
          }
          var (rest, place) = (Int(indices[index]), 0)
          for axis in strides.indices.reversed() {
            place += rest % image[axis] * strides[axis]
            rest /= image[axis]
          }
          to[place] = from[index]
        }
      }
    }
    try site.emitReal(
      [result], type, kernel: "maxunpool", reads: [source, places], single: body(Float.self),
      double: body(Double.self))
  }
}
