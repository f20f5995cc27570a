internal import Kernels
internal import Tensors

/// Copies elements of any width from places that are chosen along each axis on its own, and fills
/// what has no source.
struct IndexedCopy {
  /// For each axis and each index of the output, the index of the input; -1 for the fill.
  private let sources: [[Int]]
  /// Of the last axis.
  private let runs: [Run]
  /// Whether the last axis is better copied element by element.
  private let isScattered: Bool
  private let strides: [Int]
  private let fill: [UInt8]
  /// Output elements from one row to the next: those of all axes but the last.
  private let rowCount: Int

  /// - Parameter fill: the bytes of one element.
  init(from shape: Shape, sources: [[Int]], fill: [UInt8]) {
    precondition(!fill.isEmpty, "elements without width")
    // A value without axes is one row of one.
    self.sources = sources.isEmpty ? [[0]] : sources
    strides = sources.isEmpty ? [1] : shape.strides
    self.fill = fill
    let last = self.sources[self.sources.count - 1]
    runs = Self.runs(last)
    isScattered = runs.count > last.count / 4 && last.allSatisfy { $0 >= 0 }
    rowCount = self.sources.dropLast().reduce(1) { $0 * $1.count }
  }

  func run(_ source: UnsafeRawPointer, into target: UnsafeMutableRawPointer, pool: ThreadPool) {
    guard let last = sources.last, !last.isEmpty else { return }
    let rowBytes = last.count * fill.count
    pool.parallel(rowCount, grain: max(1, 32_768 / rowBytes)) { range in
      var previous: Int?
      starts(of: range) { row, start in
        let place = target + row * rowBytes
        defer { previous = start }
        if row > range.lowerBound, start == previous {
          place.copyMemory(from: place - rowBytes, byteCount: rowBytes)
        } else if let start, isScattered {
          pick(last, from: source + start, into: place)
        } else {
          copy(runs, from: start.map { source + $0 }, into: place)
        }
      }
    }
  }

  /// Copies elements one by one.
  private func pick(
    _ indices: [Int], from source: UnsafeRawPointer, into target: UnsafeMutableRawPointer
  ) {
    func pick<Element>(_ type: Element.Type) {
      let (from, to) = (
        source.assumingMemoryBound(to: type), target.assumingMemoryBound(to: type)
      )
      indices.withUnsafeBufferPointer { indices in
        for position in indices.indices { to[position] = from[indices[position]] }
      }
    }
    switch fill.count {
    case 1: pick(UInt8.self)
    case 2: pick(UInt16.self)
    case 4: pick(UInt32.self)
    case 8: pick(UInt64.self)
    default:
      for (position, index) in indices.enumerated() {
        copyElement(source + index * fill.count, into: target + position * fill.count)
      }
    }
  }

  /// Bytes from the first element to where each row of a range comes from; `nil` for the fill.
  private func starts(of rows: Range<Int>, _ body: (Int, Int?) -> Void) {
    let count = sources.count > 1 ? sources[sources.count - 2].count : 1
    let stride = sources.count > 1 ? strides[sources.count - 2] : 0
    var row = rows.lowerBound
    while row < rows.upperBound {
      // The axes before the last two stay as they are for a while.
      let base = offset(of: row / count)
      let first = row % count
      let end = min(count, first + rows.upperBound - row)
      for index in first..<end {
        let source = sources.count > 1 ? sources[sources.count - 2][index] : 0
        body(row, source < 0 ? nil : base.map { ($0 + source * stride) * fill.count })
        row += 1
      }
    }
  }

  /// Elements before a place of all axes but the last two; `nil` for the fill.
  private func offset(of place: Int) -> Int? {
    var (rest, offset) = (place, 0)
    for axis in sources.indices.dropLast(2).reversed() {
      let index = sources[axis][rest % sources[axis].count]
      rest /= sources[axis].count
      guard index >= 0 else { return nil }
      offset += index * strides[axis]
    }
    return offset
  }

  private func copy(
    _ runs: [Run], from source: UnsafeRawPointer?, into target: UnsafeMutableRawPointer
  ) {
    let width = fill.count
    guard let source else {
      return fill(target, count: runs.reduce(0) { $0 + $1.count })
    }
    var output = target
    for run in runs {
      if run.first < 0 {
        fill(output, count: run.count)
      } else if run.count == 1 {
        copyElement(source + run.first * width, into: output)
      } else {
        output.copyMemory(from: source + run.first * width, byteCount: run.count * width)
      }
      output += run.count * width
    }
  }

  private func copyElement(_ source: UnsafeRawPointer, into target: UnsafeMutableRawPointer) {
    switch fill.count {
    case 1: target.copyMemory(from: source, byteCount: 1)
    case 2: target.copyMemory(from: source, byteCount: 2)
    case 4: target.copyMemory(from: source, byteCount: 4)
    case 8: target.copyMemory(from: source, byteCount: 8)
    default: target.copyMemory(from: source, byteCount: fill.count)
    }
  }

  private func fill(_ target: UnsafeMutableRawPointer, count: Int) {
    if fill.allSatisfy({ $0 == fill[0] }) {
      target.initializeMemory(as: UInt8.self, repeating: fill[0], count: count * fill.count)
      return
    }
    fill.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      for index in 0..<count { copyElement(base, into: target + index * bytes.count) }
    }
  }

  /// Neighbours of a row that are copied at once, or filled where `first` is -1.
  private struct Run {
    var first: Int
    var count: Int
  }

  private static func runs(_ indices: [Int]) -> [Run] {
    indices.reduce(into: [Run]()) { runs, index in
      if let last = runs.last, index < 0 ? last.first < 0 : last.first >= 0,
        index < 0 || index == last.first + last.count
      {
        runs[runs.count - 1].count += 1
      } else {
        runs.append(Run(first: max(index, -1), count: 1))
      }
    }
  }
}
