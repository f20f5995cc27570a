internal import Graphs
internal import Tensors

/// NonMaxSuppression: for each image and class the boxes of the highest scores that overlap none of
/// the others too much.
struct NonMaxSuppression: TensorOperator {
  private let isCentred: Bool

  init(_ node: Node, opset: Int64) { isCentred = node.int("center_point_box") ?? 0 != 0 }

  func run(_ inputs: [RunValue?], _ call: OperatorCall) throws(ExecutionError) -> [RunValue] {
    let (boxes, scores) = try (call.tensor(0, of: inputs), call.tensor(1, of: inputs))
    for tensor in [boxes, scores] where tensor.elementType != .float32 {
      throw call.wrongType(tensor.elementType)
    }
    guard boxes.shape.rank == 3, scores.shape.rank == 3, boxes.shape[2] == 4,
      boxes.shape[0] == scores.shape[0], boxes.shape[1] == scores.shape[2]
    else { throw call.mismatch("boxes of \(boxes.shape), scores of \(scores.shape)") }
    let limit = try call.optionalTensor(2, of: inputs)?.integers?.first ?? 0
    let overlap = try threshold(3, inputs, call) ?? 0
    let lowest = try threshold(4, inputs, call)
    guard overlap >= 0, overlap <= 1 else {
      throw call.mismatch("an overlap of \(overlap), which must lie between 0 and 1")
    }
    let (images, classes, count) = (scores.shape[0], scores.shape[1], scores.shape[2])
    let corners = boxes.floats
    let points = scores.floats
    var selected: [Int64] = []
    for image in 0..<images {
      let rectangles = (0..<count).map { box in
        Rectangle(corners[(image * count + box) * 4..<(image * count + box + 1) * 4], isCentred)
      }
      for label in 0..<classes {
        let row = points[(image * classes + label) * count..<(image * classes + label + 1) * count]
        let first = row.startIndex
        let candidates = (0..<count).filter { box in lowest.map { row[first + box] > $0 } ?? true }
          .sorted {
            row[first + $0] != row[first + $1] ? row[first + $0] > row[first + $1] : $0 < $1
          }
        var kept: [Int] = []
        for box in candidates {
          guard kept.count < limit else { break }
          if kept.contains(where: { rectangles[box].overlap(with: rectangles[$0]) > overlap }) {
            continue
          }
          kept.append(box)
          selected += [Int64(image), Int64(label), Int64(box)]
        }
      }
    }
    return [.tensor(Tensor(selected, shape: [selected.count / 3, 3]))]
  }

  private func threshold(
    _ index: Int, _ inputs: [RunValue?], _ call: OperatorCall
  ) throws(ExecutionError) -> Float? {
    guard let tensor = try call.optionalTensor(index, of: inputs) else { return nil }
    guard tensor.elementType == .float32 else { throw call.wrongType(tensor.elementType) }
    return tensor.floats.first
  }

  private struct Rectangle {
    let left: Float
    let right: Float
    let top: Float
    let bottom: Float

    /// - Parameter numbers: two opposite corners as y, x, y, x; or centre x, y, width and height.
    init(_ numbers: ArraySlice<Float>, _ isCentred: Bool) {
      let first = numbers.startIndex
      let (a, b, c, d) = (
        numbers[first], numbers[first + 1], numbers[first + 2], numbers[first + 3]
      )
      if isCentred {
        (left, right) = (a - c / 2, a + c / 2)
        (top, bottom) = (b - d / 2, b + d / 2)
      } else {
        (left, right) = (min(b, d), max(b, d))
        (top, bottom) = (min(a, c), max(a, c))
      }
    }

    private var area: Float { (right - left) * (bottom - top) }

    /// Intersection over union; 0 for boxes without area.
    func overlap(with other: Rectangle) -> Float {
      let width = min(right, other.right) - max(left, other.left)
      let height = min(bottom, other.bottom) - max(top, other.top)
      guard width > 0, height > 0, area > 0, other.area > 0 else { return 0 }
      let common = width * height
      let union = area + other.area - common
      return union > 0 ? common / union : 0
    }
  }
}
