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
    if let outputs {
      if TensorProtoFolder.isMeant(by: outputs) {
        try TensorProtoFolder.write(members, to: outputs)
      } else {
        try NPZ.write(members, to: outputs)
      }
    }
    if output.json {
      try printJSON(
        members.map { member in
          Member(
            name: member.name, shape: member.tensor.shape.dimensions,
            type: member.tensor.elementType.description)
        })
    } else if outputs == nil {
      for member in members {
        print("\(member.name)  \(member.tensor.shape)  \(member.tensor.elementType)")
      }
    }
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
  private func whole(_ executor: Executor) throws -> [(name: String, tensor: Tensor)] {
    let (tensors, notes) = try source().wholeInputs(for: specifications(executor))
    for note in notes { warn(note) }
    let feed = Dictionary(
      tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
    var kept: [(name: String, tensor: Tensor)] = []
    let results = try executor.run(feed) { value in kept.append((value.name, value.tensor())) }
    var members = executor.outputs.compactMap { declaration in
      results[declaration.name].map { (name: declaration.name, tensor: $0) }
    }
    for value in kept where !members.contains(where: { $0.name == value.name }) {
      members.append(value)
    }
    return members
  }

  private func steps(_ executor: Executor) throws -> [(name: String, tensor: Tensor)] {
    try RunSequence(
      executor: executor, links: states.compactMap(StateLink.init(parsing:)),
      preprocessing: preprocess
    ).outputs(of: source(), for: specifications(executor))
  }

  private func specifications(_ executor: Executor) throws -> [InputSpecification] {
    try executor.inputs.map { input in
      guard let type = input.elementType else {
        throw ExecutionError.inputIsNoTensor(input.name)
      }
      return InputSpecification(
        name: input.name, elementType: type,
        dimensions: (input.dimensions ?? []).map(\.fixedExtent))
    }
  }

  private func source() throws -> DatasetSource {
    if let inputs { return try DatasetSource.open(inputs, readers: .withTensorProto) }
    let pairs = files.map { text in
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      return (name: parts[0], path: parts.count > 1 ? parts[1] : "")
    }
    return try DatasetSource.files(pairs, readers: .withTensorProto)
  }

  private struct Member: Encodable {
    let name: String
    let shape: [Int]
    let type: String
  }
}
