import Synchronization
import Tensors

/// How a long recording is cut into what a model takes at a time.
package struct Framing: Hashable, Sendable, CustomStringConvertible {
  /// Values in a frame.
  package var length: Int
  /// Values from the start of one frame to the start of the next; the rest of a frame repeats the
  /// end of the one before, or is zero in front of the recording.
  package var hop: Int

  package init(length: Int, hop: Int) {
    self.length = length
    self.hop = hop
  }

  /// `576:512`, or `512` when frames do not overlap.
  package var description: String { hop == length ? "\(length)" : "\(length):\(hop)" }
}

/// Frames of recordings with one dimension, recording after recording.
///
/// A last frame that the recording does not fill is left out.
final class FramedRecordings: SampleStore {
  private let recordings: any SampleStore
  private let framing: Framing
  /// The first frame of each recording that has one.
  let starts: [Int]
  /// The recording that each of `starts` belongs to.
  private let owners: [Int]
  let count: Int
  private let loaded = Mutex<(recording: Int, tensor: Tensor)?>(nil)

  /// `nil` when the samples of `recordings` have other dimensions, or lengths that are not known.
  init?(_ recordings: any SampleStore, _ framing: Framing) {
    var (starts, owners, count) = ([Int](), [Int](), 0)
    for recording in 0..<recordings.count {
      let dimensions = recordings.dimensions(of: recording)
      guard dimensions.count == 1, let length = dimensions[0] else { return nil }
      guard length >= framing.hop else { continue }
      starts.append(count)
      owners.append(recording)
      count += length / framing.hop
    }
    self.recordings = recordings
    self.framing = framing
    (self.starts, self.owners, self.count) = (starts, owners, count)
  }

  var elementType: ElementType { recordings.elementType }
  var sampleDimensions: [Int?] { [framing.length] }

  func place(of index: Int) -> String {
    let part = part(of: index)
    return "frame \(index - starts[part]) of \(recordings.place(of: owners[part]))"
  }

  func sample(_ index: Int) throws(DatasetError) -> Tensor {
    let part = part(of: index)
    let recording = try recording(owners[part])
    let end = (index - starts[part] + 1) * framing.hop
    let missing = max(framing.length - end, 0)
    let tail = recording.slice(
      axis: 0, from: end - framing.length + missing, count: framing.length - missing)
    guard missing > 0 else { return tail }
    var frame = Tensor(elementType, shape: [framing.length])
    let offset = elementType.byteCount(elements: missing)
    frame.withUnsafeMutableBytes { target in
      tail.withUnsafeBytes { source in
        UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: source)
      }
    }
    return frame
  }

  private func part(of index: Int) -> Int {
    var (low, high) = (0, starts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= index { low = middle } else { high = middle }
    }
    return low
  }

  /// Frames are mostly asked for in their order, so one recording is kept.
  private func recording(_ index: Int) throws(DatasetError) -> Tensor {
    let known = loaded.withLock { $0?.recording == index ? $0?.tensor : nil }
    if let known { return known }
    let tensor = try recordings.sample(index)
    loaded.withLock { $0 = (index, tensor) }
    return tensor
  }
}

/// The rows of every row: sequences of one length in one array.
struct NestedRows: SampleStore {
  private let sequences: any SampleStore
  private let length: Int
  let sampleDimensions: [Int?]

  /// `nil` when a sample has no rows, or not always as many.
  init?(_ sequences: any SampleStore) {
    guard let length = sequences.sampleDimensions.first.flatMap({ $0 }), length > 0 else {
      return nil
    }
    self.sequences = sequences
    self.length = length
    sampleDimensions = Array(sequences.sampleDimensions.dropFirst())
  }

  var count: Int { sequences.count * length }
  var elementType: ElementType { sequences.elementType }
  var starts: [Int] { (0..<sequences.count).map { $0 * length } }

  func place(of index: Int) -> String {
    "step \(index % length) of \(sequences.place(of: index / length))"
  }

  func sample(_ index: Int) throws(DatasetError) -> Tensor {
    try sequences.sample(index / length).slice(index % length)
  }
}
