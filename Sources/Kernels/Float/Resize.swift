internal import CKernels

/// Changes of image size over NHWC; the caller says which input pixels an output pixel takes.
package enum Resize {
  /// Copies one input pixel to every output pixel, of any element type.
  /// - `sourceRows`: the input row of every output row.
  /// - `sourceColumns`: the input column of every output column.
  package static func nearest(
    _ input: UnsafeRawPointer, into output: UnsafeMutableRawPointer, batch: Int,
    inputHeight: Int, inputWidth: Int, pixelByteCount: Int, sourceRows: [Int],
    sourceColumns: [Int], pool: ThreadPool
  ) {
    precondition(
      sourceRows.allSatisfy { (0..<inputHeight).contains($0) }
        && sourceColumns.allSatisfy { (0..<inputWidth).contains($0) },
      "source pixels outside of \(inputHeight) × \(inputWidth)")
    let rowBytes = sourceColumns.count * pixelByteCount
    let grain = max(1, 32_768 / max(rowBytes, 1))
    pool.parallel(batch * sourceRows.count, grain: grain) { range in
      for index in range {
        let image = index / sourceRows.count
        let row = sourceRows[index % sourceRows.count]
        let line = input + (image * inputHeight + row) * inputWidth * pixelByteCount
        var place = output + index * rowBytes
        if index > range.lowerBound, index % sourceRows.count > 0,
          sourceRows[index % sourceRows.count - 1] == row
        {
          place.copyMemory(from: place - rowBytes, byteCount: rowBytes)
          continue
        }
        for column in sourceColumns {
          place.copyMemory(from: line + column * pixelByteCount, byteCount: pixelByteCount)
          place += pixelByteCount
        }
      }
    }
  }

  /// Two neighbours and how much of the second one counts.
  package struct LinearTap: Hashable, Sendable {
    package var first: Int
    package var second: Int
    package var weight: Float

    package init(first: Int, second: Int, weight: Float) {
      self.first = first
      self.second = second
      self.weight = weight
    }
  }

  /// Blends two rows of two pixels each.
  /// - `rows`: for every output row.
  /// - `columns`: for every output column.
  package static func linear(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, batch: Int,
    inputHeight: Int, inputWidth: Int, channels: Int, rows: [LinearTap], columns: [LinearTap],
    isa: InstructionSet, pool: ThreadPool
  ) {
    precondition(
      rows.allSatisfy { min($0.first, $0.second) >= 0 && max($0.first, $0.second) < inputHeight }
        && columns.allSatisfy {
          min($0.first, $0.second) >= 0 && max($0.first, $0.second) < inputWidth
        },
      "source pixels outside of \(inputHeight) × \(inputWidth)")
    let kernel = isa.floatKernels.blend
    let rowCount = columns.count * channels
    pool.parallel(batch * rows.count, grain: max(1, 8_192 / max(rowCount, 1))) { range in
      for index in range {
        let image = input + index / rows.count * inputHeight * inputWidth * channels
        let tap = rows[index % rows.count]
        let upper = image + tap.first * inputWidth * channels
        let lower = image + tap.second * inputWidth * channels
        var place = output + index * rowCount
        for column in columns {
          let left = column.first * channels
          let right = column.second * channels
          kernel(
            upper + left, upper + right, lower + left, lower + right, column.weight, tap.weight,
            place, channels)
          place += channels
        }
      }
    }
  }
}
