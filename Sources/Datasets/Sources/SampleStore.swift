import Synchronization
import Tensors

/// Samples that can be had one at a time, in any order.
protocol SampleStore: Sendable {
  var count: Int { get }
  var elementType: ElementType { get }
  /// Of one sample; `nil` for extents that differ or are not known before it is read.
  var sampleDimensions: [Int?] { get }
  /// What to call sample `index` in errors.
  func place(of index: Int) -> String
  /// Where a recording begins: the samples from there to the next start are steps of one sequence.
  var starts: [Int] { get }
  /// Of one certain sample, as far as known without reading it.
  func dimensions(of index: Int) -> [Int?]
  /// - Precondition: `index` is in `0..<count`.
  func sample(_ index: Int) throws(DatasetError) -> Tensor
}

extension SampleStore {
  var starts: [Int] { [0] }
  func dimensions(of index: Int) -> [Int?] { sampleDimensions }
}

/// Rows of an uncompressed file, read straight from their place.
///
/// Nothing is kept in memory or open, since a folder may hold more files than a process may open.
struct FileRows: SampleStore {
  let path: String
  let header: NPYHeader

  var count: Int { header.shape[0] }
  var elementType: ElementType { header.elementType }
  var sampleDimensions: [Int?] { header.shape.dimensions.dropFirst().map(Optional.some) }
  func place(of index: Int) -> String { "row \(index) of \(path)" }

  func sample(_ index: Int) throws(DatasetError) -> Tensor {
    let file = try InputFile(path)
    var row = Tensor(elementType, shape: Shape(Array(header.shape.dimensions.dropFirst())))
    let offset = header.dataOffset + index * row.byteCount
    try row.withUnsafeMutableBytes { buffer throws(DatasetError) in
      try file.read(into: buffer, at: offset)
    }
    if header.isBigEndian { row.swapBytes() }
    return row
  }
}

/// Rows of an array that is read on first use, as far as it will be needed, and then kept.
final class LoadedRows: SampleStore {
  private let array: ArrayReference
  private let rows: Int
  private let loaded = Mutex<Tensor?>(nil)

  init(_ array: ArrayReference, rows: Int) {
    self.array = array
    self.rows = rows
  }

  var count: Int { array.shape[0] }
  var elementType: ElementType { array.elementType }
  var sampleDimensions: [Int?] { array.shape.dimensions.dropFirst().map(Optional.some) }
  func place(of index: Int) -> String { "row \(index) of \(array.place)" }

  func sample(_ index: Int) throws(DatasetError) -> Tensor {
    let result = loaded.withLock { loaded -> Result<Tensor, DatasetError> in
      if let loaded, index < loaded.shape[0] { return .success(loaded) }
      do throws(DatasetError) {
        let tensor = try array.tensor(rows: max(rows, index + 1))
        loaded = tensor
        return .success(tensor)
      } catch {
        return .failure(error)
      }
    }
    return try result.get().slice(index)
  }
}

/// Whole arrays, each of which is one sample.
struct StackedArrays: SampleStore {
  let arrays: [ArrayReference]

  var count: Int { arrays.count }
  var elementType: ElementType { arrays.first?.elementType ?? .float32 }
  var sampleDimensions: [Int?] { commonDimensions(arrays.map { $0.shape.dimensions[...] }) }
  func dimensions(of index: Int) -> [Int?] { arrays[index].shape.dimensions.map(Optional.some) }
  func place(of index: Int) -> String { arrays[index].place }
  func sample(_ index: Int) throws(DatasetError) -> Tensor { try arrays[index].tensor() }
}

/// The rows of several stores, one store after the other.
struct ConcatenatedStores: SampleStore {
  private let stores: [any SampleStore]
  /// Where each store begins.
  private let offsets: [Int]
  /// Every store is a recording, or more of them.
  let starts: [Int]
  let count: Int

  init(_ stores: [any SampleStore]) {
    self.stores = stores
    var offsets: [Int] = []
    var starts: [Int] = []
    var count = 0
    for store in stores {
      offsets.append(count)
      starts += store.starts.map { $0 + count }
      count += store.count
    }
    (self.offsets, self.starts, self.count) = (offsets, starts, count)
  }

  var elementType: ElementType { stores.first?.elementType ?? .float32 }

  var sampleDimensions: [Int?] {
    guard let first = stores.first?.sampleDimensions else { return [] }
    return stores.dropFirst().reduce(first) { common, store in
      zip(common, store.sampleDimensions).map { $0 == $1 ? $0 : nil }
    }
  }

  func dimensions(of index: Int) -> [Int?] {
    let part = part(of: index)
    return stores[part].dimensions(of: index - offsets[part])
  }

  func place(of index: Int) -> String {
    let part = part(of: index)
    return stores[part].place(of: index - offsets[part])
  }

  func sample(_ index: Int) throws(DatasetError) -> Tensor {
    let part = part(of: index)
    return try stores[part].sample(index - offsets[part])
  }

  private func part(of index: Int) -> Int {
    var low = 0
    var high = stores.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if offsets[middle] <= index { low = middle } else { high = middle }
    }
    // Empty stores share their start with the next one, and the last of those is the full one.
    return low
  }
}

/// Images, decoded when they are asked for.
struct ImageFiles: SampleStore {
  let paths: [String]

  var count: Int { paths.count }
  var elementType: ElementType { .uint8 }
  var sampleDimensions: [Int?] { [nil, nil, 3] }
  func place(of index: Int) -> String { paths[index] }
  func sample(_ index: Int) throws(DatasetError) -> Tensor { try ImageFile.decode(paths[index]) }
}

/// The extents that all have in common; `nil` where they differ.
/// - Precondition: all have the same rank.
func commonDimensions(_ all: [ArraySlice<Int>]) -> [Int?] {
  guard let first = all.first else { return [] }
  return all.dropFirst().reduce(first.map(Optional.some)) { common, next in
    zip(common, next).map { $0 == $1 ? $0 : nil }
  }
}
