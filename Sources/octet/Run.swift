import ArgumentParser
import Datasets
import Execution
import Foundation
import Graphs
import ONNX
import Quantization
import Tensors
import Workbench

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a float or quantized model on real tensors.")

  @Argument(help: "An ONNX model.", completion: .file(extensions: ["onnx"]))
  var model: String

  @Option(
    help: """
      The inputs, fed as they are: an .npz, or a folder with input_0.pb, input_1.pb and so on, as \
      in ONNX's test data.
      """)
  var inputs: String?

  @Option(name: .customLong("input"), help: "One input: NAME=FILE.npy or NAME=FILE.pb.")
  var files: [String] = []

  @Option(
    help: """
      Where to write the outputs: an .npz, or a folder that gets output_0.pb, output_1.pb and so \
      on, which have all types. Without it their shapes are printed.
      """)
  var outputs: String?

  @Option(help: "Write these inner values too, separated by commas; all writes every one.")
  var keep: String?

  @Flag(help: "Compute QuantizeLinear and DequantizeLinear in float instead of on int8 kernels.")
  var simulate = false

  @OptionGroup var dynamic: DynamicArguments
  @OptionGroup var host: HostArguments
  @OptionGroup var output: OutputArguments

  func validate() throws {
    if inputs != nil, !files.isEmpty {
      throw ValidationError("Give --inputs FILE.npz or --input NAME=FILE, one of the two.")
    }
    for text in files where !text.contains("=") {
      throw ValidationError("--input takes NAME=FILE; got '\(text)'.")
    }
  }

  func run() throws {
    let graph = try ModelImporter.load(path: model)
    let executor = try executor(for: graph)
    if inputs == nil, files.isEmpty, let first = executor.inputs.first {
      throw ValidationError(
        "The model has inputs: give --inputs FILE.npz or --input '\(first.name)=FILE'.")
    }
    var kept: [(name: String, value: RunValue)] = []
    let results = try executor.run(values: try feed(executor)) { value in
      kept.append((value.name, .tensor(value.tensor())))
    }
    var members = executor.outputs.compactMap { declaration in
      results[declaration.name].map { (name: declaration.name, value: $0) }
    }
    for value in kept where !members.contains(where: { $0.name == value.name }) {
      members.append(value)
    }
    if let outputs { try write(members, executor, to: outputs) }
    if output.json {
      try printJSON(
        members.map { member in
          Member(
            name: member.name, shape: member.value.tensor?.shape.dimensions ?? [],
            type: member.value.typeName)
        })
    } else if outputs == nil {
      for member in members { print("\(member.name)  \(member.value.summary)") }
    }
  }

  private func write(
    _ members: [(name: String, value: RunValue)], _ executor: Executor, to path: String
  ) throws {
    if TensorProtoFolder.isMeant(by: path) {
      let forms = Dictionary(
        executor.outputs.map { ($0.name, $0.form) }, uniquingKeysWith: { first, _ in first })
      return try TensorProtoFolder.write(
        members.map { member in
          TensorProtoFolder.Member(
            name: member.name, form: forms[member.name] ?? .tensor, content: member.value.content)
        }, to: path)
    }
    try NPZ.write(
      try members.map { member in
        guard let tensor = member.value.tensor else {
          throw ValidationError(
            "'\(member.name)' is a \(member.value.typeName), which an .npz cannot hold; name a "
              + "folder after --outputs.")
        }
        return (name: member.name, tensor: tensor)
      }, to: path)
  }

  private func executor(for model: Model) throws -> Executor {
    var kept: Set<String> = []
    switch keep {
    case nil: break
    case "all": kept = Set(model.graph.nodes.flatMap(\.outputs).filter { !$0.isEmpty })
    case .some(let list):
      kept = Set(list.split(separator: ",").map(String.init))
      let made = Set(model.graph.nodes.flatMap(\.outputs))
      if let unknown = kept.subtracting(made).min() {
        let nearest = nearestName(to: unknown, among: Array(made)).map { " Did you mean '\($0)'?" }
        throw ValidationError(
          "--keep: no node of \(self.model) makes '\(unknown)'.\(nearest ?? "")")
      }
    }
    return try Executor(
      model: model,
      options: ExecutionOptions(
        mode: ExecutionMode(for: model, simulates: simulate), instructionSet: host.isa,
        threads: host.threads, kept: kept, dynamicQuantization: dynamic.quantization))
  }

  private func feed(_ executor: Executor) throws -> [String: RunValue] {
    let pairs = files.map { text in
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      return (name: parts[0], path: parts.count > 1 ? parts[1] : "")
    }
    var feed: [String: RunValue] = [:]
    var specifications: [InputSpecification] = []
    for (index, input) in executor.inputs.enumerated() {
      guard input.form == .tensor else {
        let path =
          pairs.first { $0.name == input.name }?.path
          ?? inputs.map { "\($0)/input_\(index).pb" } ?? ""
        feed[input.name] = try RunValue(path: path, input: input)
        continue
      }
      specifications.append(
        InputSpecification(
          name: input.name, elementType: input.elementType ?? .float32,
          dimensions: (input.dimensions ?? []).map(\.fixedExtent)))
    }
    guard !specifications.isEmpty else { return feed }
    let source =
      if let inputs, feed.isEmpty {
        try DatasetSource.open(inputs, readers: .withTensorProto)
      } else {
        // Files that hold no tensors cannot be part of a data set.
        try DatasetSource.files(
          inputs.map { folder in
            executor.inputs.enumerated().filter { feed[$1.name] == nil }
              .map { (name: $1.name, path: "\(folder)/input_\($0).pb") }
          } ?? pairs.filter { feed[$0.name] == nil }, readers: .withTensorProto)
      }
    let (tensors, notes) = try source.wholeInputs(for: specifications)
    for note in notes { warn(note) }
    for found in tensors { feed[found.name] = .tensor(found.tensor) }
    return feed
  }

  private struct Member: Encodable {
    let name: String
    let shape: [Int]
    let type: String
  }
}

extension RunValue {
  /// A sequence or an optional from a `.pb` file, as ONNX's test data have them.
  fileprivate init(path: String, input: ValueDeclaration) throws {
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw ValidationError(
        "Input '\(input.name)' is a sequence or an optional: give --input \(input.name)=FILE.pb, "
          + "or a folder with its .pb file.")
    }
    switch input.form {
    case .optional: self.init(try ValueProtoFile.readOptional([UInt8](bytes)))
    case .sequence, .tensor:
      self.init(.sequence(try ValueProtoFile.readSequence([UInt8](bytes))))
    }
  }

  private init(_ content: ValueProtoFile.Content) {
    switch content {
    case .tensor(let tensor): self = .tensor(tensor)
    case .sequence(let tensors): self = .sequence(tensors, tensors.first?.elementType ?? .float32)
    case .nothing: self = .empty
    }
  }

  fileprivate var content: ValueProtoFile.Content {
    switch self {
    case .tensor(let tensor): .tensor(tensor)
    case .sequence(let tensors, _): .sequence(tensors)
    case .empty: .nothing
    }
  }

  fileprivate var typeName: String {
    switch self {
    case .tensor(let tensor): tensor.elementType.description
    case .sequence(_, let type): "sequence of \(type)"
    case .empty: "empty optional"
    }
  }

  fileprivate var summary: String {
    switch self {
    case .tensor(let tensor): "\(tensor.shape)  \(tensor.elementType)"
    case .sequence(let tensors, _): "\(tensors.count) tensors, \(typeName)"
    case .empty: typeName
    }
  }
}
