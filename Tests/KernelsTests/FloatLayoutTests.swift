import Testing

@testable import Kernels

@Suite struct FloatLayoutTests {
  @Test(
    arguments: InstructionSet.available,
    [
      (1, 1), (3, 50), (3, 1), (3, 16), (3, 128), (3, 150), (8, 8), (7, 9), (16, 17), (24, 196),
      (196, 24), (65, 130), (1, 40),
    ])
  func transposeSwapsRowsAndColumns(isa: InstructionSet, size: (Int, Int)) {
    let (rows, columns) = size
    let input = testValues(2 * rows * columns)
    let from = GuardedBuffer(input)
    let to = GuardedBuffer<Float>(count: input.count, repeating: .nan)
    LayoutFloat.transpose(
      from.base, into: to.base, batch: 2, rows: rows, columns: columns, isa: isa,
      pool: ThreadPool(threads: 2))
    let expected = input.indices.map { index in
      let place = index % (rows * columns)
      return input[index - place + place % rows * columns + place / rows]
    }
    #expect(to.array == expected)
  }

  @Test func nearestCopiesPixelsOfAnyType() {
    let input: [UInt8] = (0..<2 * 2 * 3 * 5).map { UInt8($0) }
    let (rows, columns) = ([1, 0, 1], [2, 0, 0, 1])
    let from = GuardedBuffer(input)
    let to = GuardedBuffer<UInt8>(count: 2 * 3 * 4 * 5, repeating: 255)
    Resize.nearest(
      from.base, into: to.base, batch: 2, inputHeight: 2, inputWidth: 3, pixelByteCount: 5,
      sourceRows: rows, sourceColumns: columns, pool: ThreadPool(threads: 2))
    let expected = (0..<2).flatMap { image in
      rows.flatMap { row in
        columns.flatMap { column in
          (0..<5).map { input[((image * 2 + row) * 3 + column) * 5 + $0] }
        }
      }
    }
    #expect(to.array == expected)
  }

  @Test(arguments: InstructionSet.available, [1, 3, 8, 13])
  func linearBlendsFourNeighbours(isa: InstructionSet, channels: Int) {
    let input = testValues(2 * 2 * 3 * channels)
    let rows = [
      Resize.LinearTap(first: 0, second: 1, weight: 0.25),
      Resize.LinearTap(first: 1, second: 1, weight: 0),
      Resize.LinearTap(first: 0, second: 1, weight: 0.75),
    ]
    let columns = [
      Resize.LinearTap(first: 0, second: 0, weight: 0.5),
      Resize.LinearTap(first: 1, second: 2, weight: 0.125),
    ]
    let from = GuardedBuffer(input)
    let to = GuardedBuffer<Float>(count: 2 * 3 * 2 * channels, repeating: .nan)
    Resize.linear(
      from.base, into: to.base, batch: 2, inputHeight: 2, inputWidth: 3, channels: channels,
      rows: rows, columns: columns, isa: isa, pool: ThreadPool(threads: 2))
    var expected: [Float] = []
    for image in 0..<2 {
      for row in rows {
        for column in columns {
          for channel in 0..<channels {
            func value(_ y: Int, _ x: Int) -> Float {
              input[((image * 2 + y) * 3 + x) * channels + channel]
            }
            let upper =
              value(row.first, column.first) * (1 - column.weight)
              + value(row.first, column.second) * column.weight
            let lower =
              value(row.second, column.first) * (1 - column.weight)
              + value(row.second, column.second) * column.weight
            expected.append(upper * (1 - row.weight) + lower * row.weight)
          }
        }
      }
    }
    #expect(agree(to.array, expected, tolerance: 1e-6))
  }
}
