import Calibration
import Cells
import Conversion
import Datasets
import OrderedCollections
import Quantization
import Screens
import Workbench

/// How long the workbench takes from a key to a drawn screen, and from an answer to one.
struct KeyPressBenchmark {
  let workspace: Workspace
  let recipe: Recipe
  let dataset: Dataset
  let rounds: Int
  let width = 160
  let height = 50

  func run() throws -> [Finding] {
    let opened = try opened()
    var answers: [Sample] = []
    let keys = try bestOf(rounds) {
      let (keys, round) = try play(opened)
      answers =
        answers.isEmpty
        ? round
        : zip(answers, round).map { Sample(subject: $0.subject, value: min($0.value, $1.value)) }
      return keys
    }
    let size = "\(width)×\(height)"
    return [
      Finding("key to screen, \(size)", .milliseconds, keys, limit: 16),
      Finding("answer to screen, \(size)", .milliseconds, answers, limit: 16),
    ]
  }

  /// The project with every tab filled.
  private func opened() throws -> OpenedProject {
    var analysis = Analysis(layers: workspace.project.layers, statistics: workspace.statistics)
    let batch = try dataset.batch(at: 0)
    let control = JobControl()
    let errors = try workspace.errors(
      dataset, recipe: recipe, analysis: &analysis, control: control
    ) { _ in }
    let benchmark = try workspace.benchmark(
      recipe, analysis: &analysis, batch: batch, runs: 1, batchSize: 1, control: control
    ) { _ in }
    return OpenedProject(
      project: try workspace.project.summary(), recipe: recipe,
      calibration: workspace.calibrationSummary, errors: errors, benchmark: benchmark)
  }

  /// Presses every key of the script once; what the keys ask for is answered in between.
  private func play(_ opened: OpenedProject) throws -> (keys: [Sample], answers: [Sample]) {
    var state = WorkbenchState()
    var analysis = Analysis(layers: workspace.project.layers, statistics: workspace.statistics)
    var keys: [Sample] = []
    var answers: [Sample] = []

    func answer(_ effects: [Effect]) throws {
      for effect in effects {
        guard let event = try event(for: effect, &analysis) else { continue }
        let time = milliseconds {
          _ = state.update(.event(event.event))
          _ = Screen.render(state)
        }
        answers.append(Sample(subject: event.name, value: time))
      }
    }

    _ = state.update(.resized(width: width, height: height))
    try answer(state.update(.event(.opened(opened))))
    for (tab, key) in Self.script {
      var effects: [Effect] = []
      let time = milliseconds {
        if let action = KeyMap.action(for: key, in: state) { effects = state.update(action) }
        _ = Screen.render(state)
      }
      keys.append(Sample(subject: "\(key.name) in \(tab)", value: time))
      try answer(effects)
    }
    return (keys, answers)
  }

  private func event(
    for effect: Effect, _ analysis: inout Analysis
  ) throws -> (event: Event, name: String)? {
    switch effect {
    case .evaluate(let generation, let recipe):
      let evaluations = try analysis.evaluate(recipe)
      return (.evaluated(generation: generation, evaluations: evaluations), "evaluations")
    case .detail(let generation, let layer, let recipe):
      let detail = try analysis.detail(layer, recipe)
      return (.detailed(generation: generation, detail: detail), "detail of \(layer)")
    case .watch(let edges, let recipe):
      let schemes = try workspace.project.layers.resolve(recipe).edges
      let live = edges.compactMap { edge -> LiveTensor? in
        guard let seen = workspace.statistics?.edges[edge], let choice = schemes[edge] else {
          return nil
        }
        return Analysis.live(WatchedEdge(edge: edge, statistics: seen), scheme: choice.scheme)
      }
      return (.watchedSampled(live), "watched tensors")
    default:
      return nil
    }
  }

  /// What a person does: walk, edit, filter, look at every tab, ask for help.
  private static let script: [(tab: String, key: Key)] =
    on("Layers", [Key](repeating: .down, count: 20) + [.pageDown, .pageDown, .end, .home])
    + on("Layers", [.down, .right, .down, .right, .down, .right, .down, .right, .down, .right])
    + on("Layers", typed("ooospbvwowyyffxoxoxuuuu A A") + [.down, .enter, .down, .escape])
    + on("Layers", typed("tjjjtSSSSSI")) + on("filter", typed("/conv") + [.enter, .down, .escape])
    + on("Calibrate", typed("2") + [.down, .up]) + on("Errors", typed("3") + walk + typed("SIaja"))
    + on("Benchmark", typed("4") + walk + typed("SSI")) + on("Log", typed("5") + walk)
    + on("command line", typed("1:obs") + [.tab, .escape])
    + on("palette", [.control("p")] + typed("obs") + [.down, .escape])
    + on("help", typed("?") + [.pageDown, .pageUp, .escape])

  private static let walk: [Key] = [.down, .down, .down, .pageDown, .end, .home]

  private static func typed(_ text: String) -> [Key] { text.map { .character($0) } }

  private static func on(_ tab: String, _ keys: [Key]) -> [(tab: String, key: Key)] {
    keys.map { (tab, $0) }
  }
}
