internal import OrderedCollections
internal import Tensors

extension Graph {
  /// Lets convolutions add the zero border that a `Pad` before them adds.
  ///
  /// Only constant zero padding, of spatial axes, outwards, and only when every use of the padded
  /// value is the data input of a convolution with explicit padding.
  package mutating func mergePadsIntoConvolutions(recording report: inout PreparationReport) {
    let index = GraphIndex(self)
    var removed = Set<Node.ID>()
    for pad in nodes where pad.is("Pad") {
      guard let source = pad.input(0), let padded = pad.outputs.first,
        !index.isGraphOutput(padded), !index.isCaptured(padded)
      else { continue }
      let users = index.consumers(of: padded)
      var merged: [(position: Int, pads: [Int64])] = []
      for user in users {
        guard let pads = convolutionPads(of: user, after: pad, padded: padded),
          let position = index.position(of: user.id)
        else { break }
        merged.append((position, pads))
      }
      guard !merged.isEmpty, merged.count == users.count else { continue }
      for (position, pads) in merged {
        updateNode(at: position) { node in
          node.inputs[0] = source
          node.attributes["pads"] = .ints(pads)
          node.attributes["auto_pad"] = nil
        }
      }
      removed.insert(pad.id)
      report.record(pad, .padding, into: users.count == 1 ? users[0].id : nil)
    }
    if !removed.isEmpty { replaceNodes(with: nodes.filter { !removed.contains($0.id) }) }
  }

  /// The convolution's own padding plus that of `pad`, begins before ends.
  private func convolutionPads(of user: Node, after pad: Node, padded: String) -> [Int64]? {
    guard user.is("Conv"), user.inputs.first == padded, !user.inputs.dropFirst().contains(padded),
      ["NOTSET", "VALID"].contains(user.string("auto_pad") ?? "NOTSET"),
      let rank = user.input(1).flatMap({ initializers[$0]?.tensor.shape.rank }), rank > 2,
      let border = zeroBorder(of: pad, rank: rank),
      border[0..<2].allSatisfy({ $0 == 0 }), border[rank..<rank + 2].allSatisfy({ $0 == 0 }),
      border.allSatisfy({ (0...Int64(Int32.max)).contains($0) })
    else { return nil }
    let spatial = rank - 2
    let isValid = user.string("auto_pad") == "VALID"
    let own = isValid ? nil : user.ints("pads")
    let before = own ?? [Int64](repeating: 0, count: 2 * spatial)
    guard before.count == 2 * spatial, before.allSatisfy({ (0...Int64(Int32.max)).contains($0) })
    else { return nil }
    let added = Array(border[2..<rank]) + Array(border[(rank + 2)...])
    return zip(before, added).map { $0 + $1 }
  }

  /// How much `pad` adds, begins of all axes before ends, when it is constant zeros.
  private func zeroBorder(of pad: Node, rank: Int) -> [Int64]? {
    guard pad.string("mode") ?? "constant" == "constant",
      let pads = pad.input(1).flatMap(constant), pads.elementType == .int64
    else { return nil }
    if let name = pad.input(2) {
      guard let value = constant(name), value.isAllZero else { return nil }
    }
    let amounts = pads.array(of: Int64.self)
    guard let axesName = pad.input(3) else { return amounts.count == 2 * rank ? amounts : nil }
    guard let axes = constant(axesName)?.integers, amounts.count == 2 * axes.count else {
      return nil
    }
    var border = [Int64](repeating: 0, count: 2 * rank)
    for (position, axis) in axes.enumerated() {
      guard let axis = Int(exactly: axis), axis >= -rank, axis < rank else { return nil }
      let resolved = axis < 0 ? axis + rank : axis
      border[resolved] = amounts[position]
      border[resolved + rank] = amounts[position + axes.count]
    }
    return border
  }
}

extension Tensor {
  /// Whether every byte is zero: +0 in all numeric types.
  var isAllZero: Bool { elementType != .string && withUnsafeBytes { $0.allSatisfy { $0 == 0 } } }

  /// The elements of an int64 or int32 tensor.
  package var integers: [Int64]? {
    switch elementType {
    case .int64: array(of: Int64.self)
    case .int32: array(of: Int32.self).map(Int64.init)
    default: nil
    }
  }
}
