internal import Datasets
internal import Foundation
internal import Tensors

/// All that a training run needs to go on as if nothing had happened: a `.npz` of the parameters,
/// the optimizer's memory and the best weights, with a member of JSON for the rest.
struct TrainingCheckpoint {
  let position: TrainingPosition
  let parameters: [Tensor]
  let states: [FakeQuantizationModule.State]
  let optimizerSteps: Int
  let memories: [Int: [Float]]
  let identity: TrainingIdentity
  private let names: [String]

  /// Raise it when an older reader would misread the file.
  private static let version = 2

  private struct Header: Codable {
    var version: Int
    var identity: TrainingIdentity
    var names: [String]
    var epoch: Int
    var batch: Int
    var lossSum: Double
    var reports: [EpochReport]
    var bestEpoch: Int
    var states: [FakeQuantizationModule.State]
    var bestStates: [FakeQuantizationModule.State]
    var optimizerSteps: Int
    var firstScales: [[Float]]?
    var stop: TrainingStop?
  }

  init(
    position: TrainingPosition, parameters: [Tensor], names: [String],
    states: [FakeQuantizationModule.State], optimizer: Optimizer, identity: TrainingIdentity
  ) {
    self.position = position
    self.parameters = parameters
    self.names = names
    self.states = states
    optimizerSteps = optimizer.steps
    memories = optimizer.memories
    self.identity = identity
  }

  func write(to path: String) throws {
    let header = Header(
      version: Self.version, identity: identity, names: names, epoch: position.epoch,
      batch: position.batch, lossSum: position.lossSum, reports: position.reports,
      bestEpoch: position.bestEpoch, states: states, bestStates: position.bestStates,
      optimizerSteps: optimizerSteps, firstScales: position.firstScales, stop: position.stop)
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = Self.infinities
    var members: [(name: String, tensor: Tensor)] = [
      ("run", Tensor([UInt8](try encoder.encode(header))))
    ]
    for (index, tensor) in parameters.enumerated() {
      members.append(("parameter\(index)", tensor))
    }
    for (index, tensor) in position.best.enumerated() { members.append(("best\(index)", tensor)) }
    for (index, memory) in memories.sorted(by: { $0.key < $1.key }) {
      members.append(("memory\(index)", Tensor(memory)))
    }
    try NPZ.write(members, to: path)
  }

  /// - Parameter entries: the parameters that it has to fit.
  init(reading path: String, entries: [ParameterStore.Entry]) throws {
    func refused(_ reason: String) -> TrainingError { .checkpoint(path: path, reason: reason) }
    let source = try DatasetSource.open(path)
    let held = Set(source.members.map(\.name))
    guard held.contains("run"), let text = Optional(try source.tensor("run")),
      text.elementType == .uint8
    else { throw refused("it holds no training run") }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    struct Versioned: Decodable { let version: Int }
    let header: Header
    do {
      let version = try decoder.decode(
        Versioned.self, from: Data(text.array(of: UInt8.self))
      ).version
      guard version == Self.version else {
        throw refused("its version is \(version), and this octet reads \(Self.version)")
      }
      header = try decoder.decode(Header.self, from: Data(text.array(of: UInt8.self)))
    } catch let error as TrainingError {
      throw error
    } catch {
      throw refused("its description cannot be read")
    }
    guard header.names == entries.map(\.name), !header.reports.isEmpty,
      header.bestEpoch < header.reports.count
    else { throw refused("it belongs to another model") }
    func tensors(_ prefix: String) throws -> [Tensor] {
      try entries.indices.map { index in
        guard held.contains("\(prefix)\(index)") else { throw refused("it is incomplete") }
        let tensor = try source.tensor("\(prefix)\(index)")
        guard tensor.elementType == .float32, tensor.shape == entries[index].shape else {
          throw refused("it belongs to another model")
        }
        return tensor
      }
    }
    parameters = try tensors("parameter")
    var position = TrainingPosition()
    position.epoch = header.epoch
    position.batch = header.batch
    position.lossSum = header.lossSum
    position.reports = header.reports
    position.bestEpoch = header.bestEpoch
    position.best = try tensors("best")
    position.bestStates = header.bestStates
    position.firstScales = header.firstScales ?? []
    position.stop = header.stop
    self.position = position
    states = header.states
    identity = header.identity
    names = header.names
    optimizerSteps = header.optimizerSteps
    var memories: [Int: [Float]] = [:]
    for index in entries.indices where held.contains("memory\(index)") {
      let tensor = try source.tensor("memory\(index)")
      let count = entries[index].count
      guard tensor.elementType == .float32,
        tensor.elementCount == count || tensor.elementCount == 2 * count
      else { throw refused("its optimizer's memory does not fit") }
      memories[index] = tensor.floats
    }
    self.memories = memories
  }

  private static let infinities = JSONEncoder.NonConformingFloatEncodingStrategy.convertToString(
    positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
}
