/// A recurrent layer: sequences of rows in, the state after each step out.
///
/// The product with the input is done for all steps at once; what depends on the last state runs
/// step by step.
package struct RecurrentLayer: Sendable {
  package let geometry: RecurrentGeometry
  package let directions: [RecurrentDirection]
  private let directionByteCount: Int

  /// What a run reads and writes, laid out as the geometry says.
  package struct Operands {
    package var input: UnsafePointer<Float>
    /// Zero where left out.
    package var firstHidden: UnsafePointer<Float>?
    package var firstCell: UnsafePointer<Float>?
    /// Steps of each sequence; all of them where left out.
    package var lengths: UnsafePointer<Int32>?
    package var output: UnsafeMutablePointer<Float>?
    package var lastHidden: UnsafeMutablePointer<Float>?
    package var lastCell: UnsafeMutablePointer<Float>?

    package init(
      input: UnsafePointer<Float>, firstHidden: UnsafePointer<Float>? = nil,
      firstCell: UnsafePointer<Float>? = nil, lengths: UnsafePointer<Int32>? = nil,
      output: UnsafeMutablePointer<Float>? = nil, lastHidden: UnsafeMutablePointer<Float>? = nil,
      lastCell: UnsafeMutablePointer<Float>? = nil
    ) {
      self.input = input
      self.firstHidden = firstHidden
      self.firstCell = firstCell
      self.lengths = lengths
      self.output = output
      self.lastHidden = lastHidden
      self.lastCell = lastCell
    }
  }

  /// - Parameter threads: as many as the pool has that will run the layer.
  package init(geometry: RecurrentGeometry, directions: [RecurrentDirection], threads: Int) {
    precondition(
      directions.count == geometry.directions,
      "\(directions.count) directions, the geometry has \(geometry.directions)")
    self.geometry = geometry
    self.directions = directions
    directionByteCount = directions.reduce(0) {
      max($0, $1.scratchByteCount(geometry, threads: threads))
    }
  }

  /// Bytes of scratch memory that `run` needs.
  package var scratchByteCount: Int { directions.count * directionByteCount }

  package var kernelName: String {
    let names = directions.map(\.recurrent.kernelName)
    return names.allSatisfy { $0 == names.first } ? names[0] : names.joined(separator: "/")
  }

  package var multiplyAccumulates: Int {
    directions.reduce(0) { $0 + geometry.rows * $1.weightCount }
  }

  package var weightCount: Int { directions.reduce(0) { $0 + $1.weightCount } }

  /// - Precondition: every length lies in `0...geometry.steps`.
  /// - `scratch`: `scratchByteCount` bytes, aligned to 64.
  package func run(
    _ operands: Operands, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let byteCount = directionByteCount
    for (index, direction) in directions.enumerated() {
      direction.multiplyInput(
        operands, geometry, scratch: scratch + index * byteCount, pool: pool)
    }
    // Two directions keep two threads busy with less waiting than one product cut in two.
    pool.parallel(directions.count) { range in
      for index in range {
        directions[index].run(
          operands, geometry, direction: index, scratch: scratch + index * byteCount, pool: pool)
      }
    }
  }
}
