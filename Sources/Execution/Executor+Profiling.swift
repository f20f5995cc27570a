internal import Graphs
package import Tensors

extension Executor {
  /// What would run for inputs of these shapes.
  ///
  /// Where data decide the way, the way of inputs that are all zero is told, and of every branch
  /// that such a run could take.
  package func plan(for shapes: [String: Shape]) throws(ExecutionError) -> Plan {
    var inputs: [String: Tensor] = [:]
    var byteCount = 0
    for declaration in self.inputs {
      guard let shape = shapes[declaration.name] else {
        throw .missingInput(name: declaration.name)
      }
      let type = declaration.elementType ?? .float32
      guard let count = shape.checkedElementCount else {
        throw .notEnoughMemory(bytes: .max)
      }
      byteCount += min(count, Self.mostSurveyedBytes) * max(type.bitWidth / 8, 1)
      guard count <= Self.mostSurveyedBytes, byteCount <= Self.mostSurveyedBytes else {
        throw .notEnoughMemory(bytes: byteCount)
      }
      inputs[declaration.name] = Tensor(declaration.elementType ?? .float32, shape: shape)
    }
    return try plan(running: inputs)
  }

  /// What runs for these inputs, with every branch beside their way that could run too.
  package func plan(running inputs: [String: Tensor]) throws(ExecutionError) -> Plan {
    if let plan = try wholePlan(for: try checked(inputs)) { return plan }
    let survey = StepTimer(surveysBranches: true)
    _ = try execute(inputs, measuring: survey)
    return survey.plan
  }

  /// Inputs of zeros that a plan is made for may take so much; real data may take more.
  private static let mostSurveyedBytes = 1 << 29

  /// Times some runs, and every step of as many others in between: a clock that is read after every
  /// step would show in the time of the whole.
  ///
  /// Stops early, with what is measured, when `shouldStop` says so between runs.
  package func profile(
    _ inputs: [String: Tensor], runs: Int, warmUp: Int = 2, shouldStop: () -> Bool = { false }
  ) throws(ExecutionError) -> Profile {
    let clock = ContinuousClock()
    var totals: [Duration] = []
    let timer = StepTimer()
    let bound = try bound(to: inputs)
    func once(_ visitor: StepTimer?) throws(ExecutionError) {
      if let bound { return try bound.run(visitor) }
      _ = try execute(inputs, measuring: visitor)
    }
    for run in 0..<(warmUp + runs) {
      if shouldStop() { break }
      let isMeasured = run >= warmUp
      if isMeasured {
        let start = clock.now
        try once(nil)
        totals.append(clock.now - start)
      }
      timer.begin(isMeasured: isMeasured)
      try once(timer)
    }
    return Profile(plan: timer.plan, totals: totals, stepDurations: timer.durations)
  }

  /// What kernels without a guard against saturation would do to these inputs, for every step that
  /// multiplies codes; empty for plans that are not integer.
  package func saturationReport(
    _ inputs: [String: Tensor]
  ) throws(ExecutionError) -> [StepSaturation] {
    let counter = SaturationCounter()
    _ = try execute(inputs, measuring: counter)
    return counter.report
  }

  /// Runs as a runtime with kernels that saturate would: what one saturates, the next step reads.
  package func runSaturating(
    _ inputs: [String: Tensor], _ kernels: SaturatingKernels
  ) throws(ExecutionError) -> (outputs: [String: Tensor], steps: [StepSaturation]) {
    let twins = SaturatingTwins(kernels)
    let outputs = try tensors(execute(inputs, measuring: twins))
    return (outputs, twins.report)
  }

  /// A run that nothing but the model can make fail: its visitor observes no values, and only that
  /// may throw errors of another kind.
  func execute(
    _ inputs: [String: Tensor], measuring visitor: (any RunVisitor)?
  ) throws(ExecutionError) -> [String: RunValue] {
    let values = try checked(inputs)
    do {
      return try execute(values, visitor)
    } catch let error as ExecutionError {
      throw error
    } catch {
      preconditionFailure("a run without an observer failed with \(error)")
    }
  }
}

/// Lists the steps of runs in the order of their first time, and how long each took in each run.
private final class StepTimer: RunVisitor {
  let surveysBranches: Bool
  private(set) var durations: [[Duration]] = []
  private var steps: [PlanStep] = []
  /// For each step of a plan its place in `steps`, -1 before it ran.
  private var positions: [ObjectIdentifier: [Int]] = [:]
  /// Kept alive, so that no other plan gets the identity of one that is gone.
  private var plans: [ObjectIdentifier: CompiledPlan] = [:]
  /// The plan that runs, and its positions: steps follow each other, and a clock must be quick.
  private var current: CompiledPlan?
  private var places: [Int] = []
  private let clock = ContinuousClock()
  private var last: ContinuousClock.Instant
  private var isMeasured = false
  private var runs = 0

  init(surveysBranches: Bool = false) {
    self.surveysBranches = surveysBranches
    last = clock.now
  }

  func begin(isMeasured: Bool) {
    self.isMeasured = isMeasured
    if isMeasured {
      runs += 1
      for position in durations.indices { durations[position].append(.zero) }
    }
    last = clock.now
  }

  func didRun(_ description: PlanStep, number: Int, of plan: CompiledPlan) {
    let now = clock.now
    if current !== plan { enter(plan) }
    var position = places[number]
    if position < 0 {
      position = steps.count
      places[number] = position
      positions[ObjectIdentifier(plan)] = places
      steps.append(description.renumbered(position))
      durations.append([Duration](repeating: .zero, count: runs))
    }
    // A step in the body of a loop runs more than once.
    if isMeasured { durations[position][runs - 1] += now - last }
    last = clock.now
  }

  private func enter(_ plan: CompiledPlan) {
    let key = ObjectIdentifier(plan)
    plans[key] = plan
    current = plan
    places = positions[key] ?? [Int](repeating: -1, count: plan.description.steps.count)
  }

  var plan: Plan {
    Plan(
      steps: steps,
      arenaByteCount: plans.values.reduce(0) { max($0, $1.arenaByteCount) },
      packedWeightByteCount: plans.values.reduce(0) { $0 + $1.description.packedWeightByteCount })
  }
}

private final class SaturationCounter: RunVisitor {
  private(set) var report: [StepSaturation] = []

  /// Before the step itself, which may overwrite its input.
  func takesOver(_ step: Step, _ context: RunContext) -> Bool {
    if let twin = step.saturation { report.append(twin.measure(context, carries: false)) }
    return false
  }
}

/// Lets twins that saturate run in the place of steps.
private final class SaturatingTwins: RunVisitor {
  private let kernels: SaturatingKernels
  private(set) var report: [StepSaturation] = []

  init(_ kernels: SaturatingKernels) { self.kernels = kernels }

  func takesOver(_ step: Step, _ context: RunContext) -> Bool {
    guard let twin = step.saturation, twin.belongs(to: kernels) else { return false }
    report.append(twin.measure(context, carries: true))
    return true
  }
}
