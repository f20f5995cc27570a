import ArgumentParser
import Calibration
import Datasets
import Foundation
import Kernels
import Quantization
import Tensors
import Workbench

extension InstructionSet: ExpressibleByArgument {}
extension MetricProfile: ExpressibleByArgument {}
extension Target: ExpressibleByArgument {}

/// On what the kernels run.
struct HostArguments: ParsableArguments {
  @Option(
    help: "Kernels to use: \(InstructionSet.allCases.map(\.rawValue).joined(separator: ", ")).")
  var isa: InstructionSet = .best

  @Option(help: "Threads for kernels; this process may use \(AllowedProcessors.count) processors.")
  var threads = 1

  func validate() throws {
    guard InstructionSet.available.contains(isa) else {
      throw ValidationError(isa.refusal)
    }
    guard (1...256).contains(threads) else {
      throw ValidationError("--threads takes a number from 1 to 256.")
    }
    if threads > AllowedProcessors.count {
      warn(
        "--threads \(threads): this process may use \(AllowedProcessors.count) processor"
          + "\(AllowedProcessors.count == 1 ? "" : "s"); more threads than that wait for each other."
      )
    }
  }

  var options: HostOptions { HostOptions(instructionSet: isa, threads: threads) }
}

/// How real activations meet weights that alone are codes.
struct DynamicArguments: ParsableArguments {
  enum Bits: Int, ExpressibleByArgument, CaseIterable { case seven = 7, eight = 8 }

  @Option(
    name: .customLong("dynamic-bits"),
    help: """
      Codes for the inputs and states of LSTM, GRU and RNN whose weights alone are int8: 8 bits as \
      ONNX Runtime's dynamic operators have them, or 7 as PyTorch's x86 kernels. DynamicQuantizeLinear \
      has 8 by definition.
      """)
  var bits = Bits.eight

  var quantization: DynamicQuantization { bits == .seven ? .reduced : .onnx }
}

/// Extents for symbolic dimensions.
struct ShapeArguments: ParsableArguments {
  @Option(
    name: .customLong("shape"),
    help: "Fix an input's shape, such as input=1x3x224x224. Repeat for more inputs.")
  var shapes: [String] = []

  func parsed() throws -> [String: Shape] {
    var result: [String: Shape] = [:]
    for text in shapes {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      let extents = parts.count == 2 ? parts[1].split(separator: "x").map { Int($0) } : []
      let known = extents.compactMap(\.self)
      guard parts.count == 2, !known.isEmpty, known.count == extents.count,
        known.allSatisfy({ $0 > 0 }), Shape(known).checkedElementCount != nil
      else {
        throw ValidationError("--shape takes NAME=AxBxC, such as input=1x3x224x224; got '\(text)'.")
      }
      result[parts[0]] = Shape(known)
    }
    return result
  }
}

/// Which data, and how they are fed.
struct DataArguments: ParsableArguments {
  @Option(
    help: """
      Data: .npz, .npy, .pb, a folder of .npy, .pb, PNG or JPEG; or the word random, which is \
      marked as such in everything it leads to.
      """)
  var data: String?

  @Option(help: "Feed an input from a member: INPUT=MEMBER. Repeat for more.")
  var map: [String] = []

  @Option(help: "The member that holds class labels.")
  var labels: String?

  @Option(
    help: """
      Such as scale=1/255,mean=0.485:0.456:0.406,std=0.229:0.224:0.225,layout=nhwc->nchw, \
      resize=256,crop=224.
      """)
  var preprocess = ""

  @Option(help: "Samples in one batch.")
  var batch = 1

  @Option(help: "Use only the first N samples.")
  var limit: Int?

  @Option(help: "Choose and order samples by this seed.")
  var seed: UInt64?

  @Option(
    name: .customLong("state"),
    help: ArgumentHelp(
      """
      An output that the next step takes as an input, such as state=stateN. Samples are then steps of \
      one sequence; every file, joined member (a+b) and row of sequences begins another, with zeros. \
      --preprocess frame=576:512 cuts recordings into steps. Repeat for more states.
      """, valueName: "input=output"))
  var states: [String] = []

  func validate() throws {
    if batch < 1 { throw ValidationError("--batch takes a whole number above 0.") }
    if let limit, limit < 1 { throw ValidationError("--limit takes a whole number above 0.") }
    for text in map where !text.contains("=") {
      throw ValidationError("--map takes INPUT=MEMBER; got '\(text)'.")
    }
  }

  var request: DataRequest {
    var request = DataRequest(
      path: data == "random" ? "" : data ?? "", preprocessing: preprocess, batchSize: batch,
      limit: limit, states: states)
    request.mapping = mapping
    request.labels = labels
    request.seed = seed
    return request
  }

  private var mapping: [String: String] {
    Dictionary(
      map.map { text in
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        return (parts[0], parts.count > 1 ? parts[1] : "")
      }, uniquingKeysWith: { _, last in last })
  }

  /// The data for `project`; findings of the input doctor go to standard error, and an error among
  /// them ends the command.
  func dataset(_ project: Project, purpose: DatasetPurpose) throws -> Dataset {
    try require()
    let dataset = try project.dataset(request, purpose: purpose)
    try warn(about: try project.describe(dataset, request: request))
    return dataset
  }

  /// The data to calibrate with, and what will do it, which is made ready while the input doctor
  /// reads.
  func calibration(_ workspace: Workspace) throws -> (dataset: Dataset, calibrator: Calibrator) {
    try require()
    let (project, request) = (workspace.project, request)
    let dataset = try project.dataset(request, purpose: .calibration)
    let description = SideWork { try project.describe(dataset, request: request) }
    let calibrator = Result { try workspace.calibrator(for: dataset) }
    try warn(about: try description.value())
    return (dataset, try calibrator.get())
  }

  func require() throws {
    guard data != nil else {
      throw ValidationError("--data is missing: give a file, a folder, or the word random.")
    }
  }
}

/// What the input doctor found, on standard error.
/// - Throws: the first finding that is an error.
func warn(about data: DataSummary) throws {
  for note in data.notes { warn(note) }
  if data.isRandom { warn("RANDOM DATA: ranges and errors say nothing about real use.") }
  for finding in data.findings where finding.severity != .note {
    if finding.severity == .error {
      throw WorkbenchError.wrongData(
        place: finding.place, what: finding.what, advice: finding.advice)
    }
    warn("\(finding.place): \(finding.what). \(finding.advice)")
  }
}

struct OutputArguments: ParsableArguments {
  @Flag(help: "Print JSON for machines.")
  var json = false
}

/// The recipe: a target's defaults and rules over them.
struct RecipeArguments: ParsableArguments {
  @Option(help: "Whose defaults: \(Target.allCases.map(\.rawValue).joined(separator: ", ")).")
  var target: Target = .x86

  @Option(
    name: .customLong("set"),
    help: """
      A rule, such as all:activation.observer=minMax, op=Conv:weight.granularity=perTensor, \
      layer=NAME:precision=float32. Repeat for more; later ones win.
      """)
  var rules: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      Quantize this module, such as /encoder/0, and keep all else in fp32. Repeat for more modules. \
      Rules of --set come after it.
      """, valueName: "module"))
  var only: [String] = []

  @Flag(
    help: """
      Quantize activations when the model runs: MatMul, Gemm, LSTM and GRU, weights per tensor. Needs \
      no data. The same as --set all:precision=dynamic,weight.granularity=perTensor.
      """)
  var dynamic = false

  @Option(
    help: """
      Store weights in int8, or int4 (matrices in groups of 32), and compute in float. Needs no \
      data. The same as --set all:precision=weightOnly, for int4 with weight.type=qint4,weight.groupSize=32.
      """)
  var weightOnly: WeightOnlyType?

  enum WeightOnlyType: String, ExpressibleByArgument, CaseIterable { case int8, int4 }

  /// What the flags stand for, before the rules.
  private var shorthands: [String] {
    (dynamic ? ["all:precision=dynamic,weight.granularity=perTensor"] : [])
      + (weightOnly.map { type in
        [
          "all:precision=weightOnly"
            + (type == .int4 ? ",weight.type=qint4,weight.groupSize=32" : "")
        ]
      } ?? [])
  }

  func validate() throws {
    if dynamic, weightOnly != nil {
      throw ValidationError("Give --dynamic or --weight-only, not both; --set mixes them by layer.")
    }
  }

  func recipe() throws -> Recipe {
    var recipe = Recipe(target: target)
    try add(shorthands, to: &recipe)
    if !only.isEmpty {
      let precision = recipe.rule(for: .global)?.change.precision ?? .staticInt8
      recipe.keepOnly(
        only.map { .module(ModulePath($0).text) }, precision, note: "--only")
    }
    try add(rules, to: &recipe)
    return recipe
  }

  private func add(_ rules: [String], to recipe: inout Recipe) throws {
    for text in rules {
      do throws(RecipeError) {
        let rule = try Rule(parsing: text)
        recipe.set(rule.change, for: rule.scope, note: "--set")
      } catch {
        throw ValidationError(error.description)
      }
    }
  }

  /// Throws when a module of `--only` is not in the model: nothing would be quantized.
  func check(_ project: Project) throws {
    for name in only { try project.refuseUnknownModule(name) }
  }
}

/// A line on standard error, where it does not get into a table or JSON.
func warn(_ text: String) {
  FileHandle.standardError.write(Data("octet: \(text.onOneLine)\n".utf8))
}

extension String {
  /// With control characters spelled out: names in a file may hold any, and neither end a line nor
  /// command a terminal.
  var onOneLine: String {
    unicodeScalars.reduce(into: "") { line, scalar in
      line +=
        scalar.properties.generalCategory == .control
        ? scalar.escaped(asASCII: true) : String(scalar)
    }
  }
}

func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  encoder.nonConformingFloatEncodingStrategy = .convertToString(
    positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
  print(String(decoding: try encoder.encode(value), as: UTF8.self))
}
