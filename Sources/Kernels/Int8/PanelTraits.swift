internal import CKernels

/// How some panels are multiplied.
struct PanelTraits: Sendable {
  /// Quads of all panels, each counted once.
  private let quads: Int
  private var steps = 0
  private var centred = 0
  /// Steps in runs of 1, 2, 4 and 8.
  private var stepsInRuns = [0, 0, 0, 0]
  private var widenings = 0
  /// Time of a row of the product, in steps of one quad.
  private(set) var cost = 0.0

  init(quads: Int) { self.quads = quads }

  mutating func add(_ runs: kern_quad_runs, steps: Int) {
    self.steps += steps
    cost += runs.is_centred ? Double(steps) * kern_quad_runs.centredStepCost : runs.cost
    if runs.is_centred { centred += steps }
    let counts = [runs.ones, runs.twos, runs.fours, runs.eights].map(Int.init)
    for (power, count) in counts.enumerated() { stepsInRuns[power] += count << power }
    widenings += runs.is_centred ? steps : counts.reduce(0, +)
  }

  mutating func add(_ other: PanelTraits) {
    self = PanelTraits(merging: self, other)
  }

  private init(merging one: PanelTraits, _ other: PanelTraits) {
    quads = one.quads + other.quads
    steps = one.steps + other.steps
    centred = one.centred + other.centred
    stepsInRuns = zip(one.stepsInRuns, other.stepsInRuns).map { $0 + $1 }
    widenings = one.widenings + other.widenings
    cost = one.cost + other.cost
  }

  /// Products that are added in 16 bits before a sum widens, on average.
  var safeRun: Double { widenings == 0 ? 2 : 2 * Double(steps) / Double(widenings) }

  /// - `x4`: at least half of the steps are in runs of 4 quads or more; `split`: some weights need
  ///   another step; `centred`: some panels multiply codes less 128.
  var names: [String] {
    var longer = steps
    var typical = centred * 2 > steps ? 0 : 3
    while typical > 0 {
      longer = stepsInRuns[typical...].reduce(0, +)
      if longer * 2 >= steps { break }
      typical -= 1
    }
    return (typical > 0 ? ["x\(1 << typical)"] : []) + (steps > quads ? ["split"] : [])
      + (centred > 0 ? ["centred"] : [])
  }
}
