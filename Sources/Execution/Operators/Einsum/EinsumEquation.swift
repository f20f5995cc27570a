internal import Tensors

/// An einsum equation resolved for operands of known shapes: a number for every index.
///
/// Numbers below 0 are the axes that an ellipsis stands for, counted from the last; these broadcast.
struct EinsumEquation: Equatable {
  /// For each axis of each operand its index.
  let operands: [[Int]]
  let result: [Int]
  /// How far each index runs.
  let extents: [Int: Int]

  struct Fault: Error, Equatable {
    /// What is wrong, to be shown behind the equation.
    let detail: String
  }

  init(_ text: String, shapes: [Shape]) throws(Fault) {
    let compact = text.filter { $0 != " " }
    let sides = compact.components(separatedBy: "->")
    guard sides.count <= 2 else { throw Fault(detail: "has more than one arrow") }
    let terms = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard terms.count == shapes.count else {
      throw Fault(detail: "has \(terms.count) terms for \(shapes.count) operands")
    }
    var operands: [[Int]] = []
    var ellipsisRank = 0
    for (term, shape) in zip(terms, shapes) {
      let parts = try Self.parts(of: term)
      let named = parts.before.count + (parts.after?.count ?? 0)
      let hidden = shape.rank - named
      guard parts.after == nil ? hidden == 0 : hidden >= 0 else {
        throw Fault(detail: "names \(named) axes of an operand of shape \(shape)")
      }
      ellipsisRank = max(ellipsisRank, hidden)
      operands.append(
        parts.before + (0..<hidden).map { $0 - hidden } + (parts.after ?? []))
    }
    var extents: [Int: Int] = [:]
    for (indices, shape) in zip(operands, shapes) {
      for (axis, index) in indices.enumerated() {
        let (extent, known) = (shape[axis], extents[index] ?? 1)
        guard extent == known || extent == 1 || known == 1 else {
          throw Fault(detail: "gives one index the extents \(known) and \(extent)")
        }
        extents[index] = known == 1 ? extent : known
      }
    }
    let ellipsis = (0..<ellipsisRank).map { $0 - ellipsisRank }
    if sides.count == 2 {
      let parts = try Self.parts(of: sides[1])
      result = parts.before + (parts.after == nil ? [] : ellipsis) + (parts.after ?? [])
    } else {
      let uses = operands.joined().reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
      result = ellipsis + uses.filter { $0.key >= 0 && $0.value == 1 }.keys.sorted()
    }
    guard Set(result).count == result.count, result.allSatisfy({ extents[$0] != nil }) else {
      throw Fault(detail: "has a result with repeated or unknown indices")
    }
    self.operands = operands
    self.extents = extents
  }

  /// The letters before the ellipsis and behind it; `nil` where there is none.
  private static func parts(
    of term: String
  ) throws(Fault) -> (before: [Int], after: [Int]?) {
    let parts = term.components(separatedBy: "...")
    guard parts.count <= 2 else { throw Fault(detail: "has two ellipses in one term") }
    var indices: [[Int]] = []
    for part in parts {
      var letters: [Int] = []
      for letter in part.unicodeScalars {
        guard letter.properties.isAlphabetic, letter.isASCII else {
          throw Fault(detail: "has the character '\(letter)'")
        }
        letters.append(Int(letter.value))
      }
      indices.append(letters)
    }
    return (indices[0], indices.count == 2 ? indices[1] : nil)
  }
}

extension String {
  /// The parts between occurrences of `separator`.
  fileprivate func components(separatedBy separator: String) -> [String] {
    var parts = [""]
    var rest = self[...]
    while let next = rest.first {
      if rest.hasPrefix(separator) {
        parts.append("")
        rest = rest.dropFirst(separator.count)
      } else {
        parts[parts.count - 1].append(next)
        rest = rest.dropFirst()
      }
    }
    return parts
  }
}
