import Quantization
import Sessions
import Workbench

/// A small model, opened, for tests that press keys on it.
enum SampleProject {
  static let sessionPath = "/work/sample.octet.json"

  /// Two scopes, a pass-through layer and one that stays in float.
  static let layers: [LayerSummary] = [
    layer("/stem/conv", "Conv", weights: true),
    layer("/block/0/expand", "Conv", weights: true),
    layer("/block/0/add", "Add"),
    layer("/block/1/expand", "Conv", weights: true),
    layer("/head/pool", "MaxPool", role: .passThrough),
    layer("/head/fc", "Gemm", weights: true),
    layer("softmax", "Softmax", role: .float(reason: "no int8 kernel for Softmax")),
  ]

  static let project = ProjectSummary(
    modelPath: "/models/sample.onnx", modelName: "sample", modelDigest: "00", modelByteCount: 1000,
    opset: 17, parameterCount: 10, multiplyAccumulates: 100, inputs: ["input N×4 float32"],
    outputs: ["logits N×10 float32"], layers: layers, notes: [], instructionSet: "avx2", threads: 1)

  static let data = DataSummary(
    path: "/data/calib.npz", title: "calib.npz · x · 8 samples", sampleCount: 8, batchCount: 8)

  static let calibration = CalibrationSummary(
    batches: 8, samples: 8, edges: 6, nonFiniteCount: 0, seconds: 1)

  static func opened(session: String? = sessionPath) -> WorkbenchState {
    var state = WorkbenchState()
    _ = state.update(.openModel("/models/sample.onnx"))
    var opened = OpenedProject(project: project, recipe: Recipe(target: .x86))
    opened.sessionPath = session
    _ = state.update(.event(.opened(opened)))
    _ = state.update(.toggleArrangement)
    evaluate(&state)
    return state
  }

  static func calibrated(session: String? = sessionPath) -> WorkbenchState {
    var state = opened(session: session)
    _ = state.update(.event(.dataChosen(data)))
    _ = state.update(.startCalibration)
    _ = state.update(.event(.calibrated(run: state.run, calibration)))
    _ = state.update(.save(path: session ?? sessionPath))
    _ = state.update(.event(.saved(path: session ?? sessionPath, thenQuit: false)))
    if session == nil { state.sessionPath = nil }
    evaluate(&state)
    return state
  }

  static func measured() -> WorkbenchState {
    var state = calibrated()
    _ = state.update(.analyseErrors)
    _ = state.update(.event(.errorsAnalysed(run: state.run, errors)))
    _ = state.update(.save(path: sessionPath))
    _ = state.update(.event(.saved(path: sessionPath, thenQuit: false)))
    return state
  }

  static let errors: ErrorTable = {
    var change = QConfigChange()
    change.activation.observer = .percentile(99.99)
    let decibels: [Double] = [40, 31, 35, 12, 50, 20]
    return ErrorTable(
      rows: zip(layers, decibels).map { layer, value in
        ErrorTable.Row(
          id: layer.id, weightDecibels: 45, predictedDecibels: value + 1, localDecibels: value,
          accumulatedDecibels: value - 3)
      }, output: ErrorTable.Output(samples: 8, int8Decibels: 30.25),
      advice: [
        AdviceSummary(
          layer: "/block/1/expand", title: "another observer", detail: "percentile clips less",
          gainDecibels: 9, rule: Rule(.layer("/block/1/expand"), change, note: "advice"))
      ])
  }()

  static let benchmark = BenchmarkTable(
    rows: [
      BenchmarkTable.Row(id: "/stem/conv", floatMicroseconds: 10, int8Microseconds: 4),
      BenchmarkTable.Row(id: "/head/fc", floatMicroseconds: 30, int8Microseconds: 9),
    ],
    float: BenchmarkTable.Latency(minimum: 1, median: 2, percentile90: 3, percentile99: 4),
    int8: BenchmarkTable.Latency(minimum: 0.5, median: 1, percentile90: 2, percentile99: 3),
    speedUp: 2, runs: 30, threads: 1, batchSize: 1, floatByteCount: 400, int8ByteCount: 100,
    floatPeak: 50, int8Peak: 100, host: "test")

  /// Answers the evaluation that `state` asked for last, as the engine does: the target's defaults
  /// with the recipe's rules.
  static func evaluate(_ state: inout WorkbenchState) {
    guard let resolver = try? RecipeResolver(state.recipe) else { return }
    let evaluations = layers.map { layer in
      let qconfig = resolver.resolve(layer: layer.id, operatorType: layer.operatorType).qconfig
      return LayerEvaluation(
        layer: layer.id, qconfig: qconfig, shortForm: qconfig.shortForm,
        activation: RangeSummary(
          observer: "histogram", lower: -1, upper: 6, scale: 0.05, zeroPoint: 20, clippedShare: 0,
          decibels: 38, roundingShare: 1), weightDecibels: layer.hasWeights ? 40 : nil)
    }
    _ = state.update(
      .event(.evaluated(generation: state.generation, evaluations: evaluations)))
  }

  private static func layer(
    _ id: String, _ operatorType: String, role: LayerSummary.Role = .quantizable,
    weights: Bool = false
  ) -> LayerSummary {
    LayerSummary(
      id: id, path: id.split(separator: "/").map(String.init), title: operatorType,
      operatorType: operatorType, role: role, inputEdges: [id + "_in"], outputEdge: id + "_out",
      outputShape: "1×8", weightShape: weights ? "8×8" : "", parameterCount: weights ? 64 : 0,
      multiplyAccumulates: weights ? 64 : 0, share: weights ? 0.25 : 0)
  }
}

extension WorkbenchState {
  /// Puts the cursor on a layer of the list.
  mutating func select(_ id: String) {
    let rows = layers.rows(of: SampleProject.layers)
    let index = rows.firstIndex {
      if case .layer(let layer, _) = $0 { SampleProject.layers[layer].id == id } else { false }
    }
    _ = update(.selectRow(index ?? 0))
  }

  /// What the recipe says of a layer.
  func qconfig(of id: String) throws -> QConfig {
    let type = SampleProject.layers.first { $0.id == id }?.operatorType ?? ""
    return try RecipeResolver(recipe).resolve(layer: id, operatorType: type).qconfig
  }

  /// Types `text` into whatever takes text, letter by letter.
  mutating func type(_ text: String) {
    for character in text { _ = update(.text(.insert(String(character)))) }
  }
}
