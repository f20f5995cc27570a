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

  @Option(
    name: .customLong("state"),
    help: ArgumentHelp(
      """
      An output that the next step takes as an input, such as state=stateN. The inputs then hold \
      steps, one behind the other, and outputs are stacked; states begin with zeros. Repeat for more.
      """, valueName: "input=output"))
  var states: [String] = []

  @Option(help: "How steps are made of the inputs, with --state: frame=576:512,scale=1/32768.")
  var preprocess = ""

  @Flag(help: "Compute QuantizeLinear and DequantizeLinear in float instead of on int8 kernels.")
  var simulate = false

  @OptionGroup var dynamic: DynamicArguments
  @OptionGroup var host: HostArguments
  @OptionGroup var output: OutputArguments

  func validate() throws {
    if inputs != nil, !files.isEmpty {
      throw ValidationError("Give --inputs FILE.npz or --input NAME=FILE, one of the two.")
    }
    for text in states where StateLink(parsing: text) == nil {
      throw ValidationError("--state takes INPUT=OUTPUT, such as state=stateN; got '\(text)'.")
    }
    if states.isEmpty, !preprocess.isEmpty {
      throw ValidationError("Without --state inputs are fed as they are; leave out --preprocess.")
    }
    if !states.isEmpty, keep != nil {
      throw ValidationError("--keep shows values of one run; it does not go with --state.")
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
    let members = try states.isEmpty ? whole(executor) : steps(executor)
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

  /// Outputs of one run, and values that are kept.
  private func whole(_ executor: Executor) throws -> [(name: String, value: RunValue)] {
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
    return members
  }

  private func feed(_ executor: Executor) throws -> [String: RunValue] {
    var feed: [String: RunValue] = [:]
    for (index, input) in executor.inputs.enumerated() where input.form != .tensor {
      let path =
        pairs.first { $0.name == input.name }?.path
        ?? inputs.map { "\($0)/input_\(index).pb" } ?? ""
      feed[input.name] = try RunValue(path: path, input: input)
    }
    let specifications = specifications(executor)
    guard !specifications.isEmpty else { return feed }
    let (tensors, notes) = try source(executor).wholeInputs(for: specifications)
    for note in notes { warn(note) }
    for found in tensors { feed[found.name] = .tensor(found.tensor) }
    return feed
  }

  private func steps(_ executor: Executor) throws -> [(name: String, value: RunValue)] {
    try RunSequence(
      executor: executor, links: states.compactMap(StateLink.init(parsing:)),
      preprocessing: preprocess
    ).outputs(of: source(executor), for: specifications(executor)).map {
      (name: $0.name, value: .tensor($0.tensor))
    }
  }

  /// Of the inputs that are tensors.
  private func specifications(_ executor: Executor) -> [InputSpecification] {
    executor.inputs.filter { $0.form == .tensor }.map { input in
      InputSpecification(
        name: input.name, elementType: input.elementType ?? .float32,
        dimensions: (input.dimensions ?? []).map(\.fixedExtent))
    }
  }

  /// Where the tensors come from.
  private func source(_ executor: Executor) throws -> DatasetSource {
    let others = Set(executor.inputs.filter { $0.form != .tensor }.map(\.name))
    if let inputs, others.isEmpty {
      return try DatasetSource.open(inputs, readers: .withTensorProto)
    }
    // Files that hold no tensors cannot be part of a data set.
    let files =
      inputs.map { folder in
        executor.inputs.enumerated().map { (name: $1.name, path: "\(folder)/input_\($0).pb") }
      } ?? pairs
    return try DatasetSource.files(
      files.filter { !others.contains($0.name) }, readers: .withTensorProto)
  }

  /// What `--input` names.
  private var pairs: [(name: String, path: String)] {
    files.map { text in
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      return (name: parts[0], path: parts.count > 1 ? parts[1] : "")
    }
  }

  private struct Member: Encodable {
    let name: String
    let shape: [Int]
    let type: String
  }
}
