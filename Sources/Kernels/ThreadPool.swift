internal import CKernels
internal import Glibc
internal import Synchronization

/// A fixed set of threads that share the parts of one loop at a time.
///
/// The calling thread takes part, so a pool of one owns no thread and runs everything inline. A
/// call from inside a running loop, or while another thread uses the pool, also runs inline.
/// Threads without work wait for about 100 µs and then sleep, so that an idle pool costs nothing. A
/// loop does not wait for one that wakes late: the others take its parts.
///
/// `@unchecked`: `workers` is written by `init` only; all that changes lies in `ThreadTeam`.
package final class ThreadPool: @unchecked Sendable {
  package let threadCount: Int
  private let team: ThreadTeam
  private var workers: [pthread_t] = []

  /// Starts `threads - 1` threads, or fewer when the system refuses to.
  /// - Precondition: `threads` is at least 1.
  package init(threads: Int) {
    precondition(threads >= 1, "a pool of \(threads) threads")
    team = ThreadTeam()
    for worker in 1..<max(threads, 1) {
      var thread = pthread_t()
      let start = Unmanaged.passRetained(ThreadStart(team: team, worker: worker))
      let status = pthread_create(
        &thread, nil,
        { argument in
          guard let argument else { return nil }
          let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
          start.team.work(as: start.worker)
          return nil
        }, start.toOpaque())
      guard status == 0 else {
        start.release()
        break
      }
      workers.append(thread)
    }
    threadCount = workers.count + 1
  }

  deinit {
    team.stop()
    for worker in workers { pthread_join(worker, nil) }
  }

  /// Splits `0..<count` into contiguous ranges, at most one per thread, and returns when all ran.
  /// - `grain`: the fewest indices that are worth a thread.
  /// - `body`: runs concurrently, once per range.
  package func parallel(_ count: Int, grain: Int = 1, _ body: (Range<Int>) -> Void) {
    guard count > 0 else { return }
    let parts = min(threadCount, max(1, count / max(grain, 1)))
    dynamic(parts) { taken, _ in
      for part in taken { body(count * part / parts..<count * (part + 1) / parts) }
    }
  }

  /// Hands out `0..<count` in ranges of `chunk` to whichever thread is free.
  /// - `body`: runs concurrently; `worker` lies in `0..<threadCount` and no two running
  ///   calls share it, so that it can index scratch memory.
  package func dynamic(
    _ count: Int, chunk: Int = 1, _ body: (_ range: Range<Int>, _ worker: Int) -> Void
  ) {
    guard count > 0 else { return }
    let step = max(chunk, 1)
    guard threadCount > 1, count > step, team.claim() else {
      for start in stride(from: 0, to: count, by: step) {
        body(start..<min(start + step, count), 0)
      }
      return
    }
    team.next.store(0, ordering: .relaxed)
    team.run { worker in
      while true {
        let start = team.next.wrappingAdd(step, ordering: .relaxed).oldValue
        guard start < count else { return }
        body(start..<min(start + step, count), worker)
      }
    }
    team.release()
  }
}

/// What a new thread is told.
private final class ThreadStart {
  let team: ThreadTeam
  let worker: Int

  init(team: ThreadTeam, worker: Int) {
    self.team = team
    self.worker = worker
  }
}

/// What the threads of a pool share.
///
/// `@unchecked`: `loop` is written before `state` shows it as open, and read by those that joined it
/// there; `sleepers` and the condition are touched with `mutex` held.
private final class ThreadTeam: @unchecked Sendable {
  /// The first index that `dynamic` has not handed out.
  let next = Atomic<Int>(0)
  private let isBusy = Atomic<Bool>(false)
  private let isStopping = Atomic<Bool>(false)
  private let state = Atomic<Int>(State().bits)
  private var loop: ((Int) -> Void)?
  private var sleepers = 0
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// The loop of a team, in one word so that joining it and closing it exclude each other.
  private struct State {
    /// Threads inside of the loop besides the one that called it: the lower 16 bits.
    var active = 0
    /// Whether more may join.
    var isOpen = false
    /// How many loops were started.
    var generation = 0

    init() {}

    init(bits: Int) {
      active = bits & 0xffff
      isOpen = bits >> 16 & 1 != 0
      generation = bits >> 17
    }

    var bits: Int { generation << 17 | (isOpen ? 1 << 16 : 0) | active }
  }

  /// Looks at a condition before a thread goes to sleep; about 100 µs.
  private static let patience = 3_000

  init() {
    mutex.initialize(to: pthread_mutex_t())
    wake.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wake, nil)
  }

  deinit {
    pthread_cond_destroy(wake)
    pthread_mutex_destroy(mutex)
    wake.deallocate()
    mutex.deallocate()
  }

  /// Whether the team was free and now belongs to the caller.
  func claim() -> Bool {
    isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
  }

  func release() { isBusy.store(false, ordering: .releasing) }

  /// Runs `body` with 0 on this thread, and with numbers from 1 on those that come while it runs.
  func run(_ body: (Int) -> Void) {
    withoutActuallyEscaping(body) { escapable in
      loop = escapable
      var open = current
      open.generation += 1
      open.isOpen = true
      state.store(open.bits, ordering: .releasing)
      wakeSleepers()
      escapable(0)
      close()
      wait { current.active == 0 }
      loop = nil
    }
  }

  private var current: State { State(bits: state.load(ordering: .acquiring)) }

  private func close() {
    change { $0.isOpen = false }
  }

  @discardableResult
  private func change(_ body: (inout State) -> Void) -> State {
    var old = state.load(ordering: .relaxed)
    while true {
      var new = State(bits: old)
      body(&new)
      let attempt = state.weakCompareExchange(
        expected: old, desired: new.bits, ordering: .acquiringAndReleasing)
      if attempt.exchanged { return new }
      old = attempt.original
    }
  }

  /// Runs loops as they come, until `stop`.
  func work(as worker: Int) {
    var seen = 0
    while true {
      wait { current.generation != seen || isStopping.load(ordering: .acquiring) }
      if current.generation == seen { return }
      var hasJoined = false
      seen =
        change { state in
          hasJoined = state.isOpen
          if hasJoined { state.active += 1 }
        }.generation
      guard hasJoined else { continue }
      runShare(of: worker)
      let left = change { $0.active -= 1 }
      if left.active == 0 && !left.isOpen { wakeSleepers() }
    }
  }

  func stop() {
    isStopping.store(true, ordering: .releasing)
    wakeSleepers()
  }

  /// Not inlined, so that the loop's closure is let go before the thread reports that it is done.
  @inline(never)
  private func runShare(of worker: Int) {
    loop?(worker)
  }

  private func wait(until isDone: () -> Bool) {
    for _ in 0..<Self.patience {
      if isDone() { return }
      kern_relax()
    }
    pthread_mutex_lock(mutex)
    sleepers += 1
    while !isDone() { pthread_cond_wait(wake, mutex) }
    sleepers -= 1
    pthread_mutex_unlock(mutex)
  }

  /// Takes the mutex after the condition changed, so that nobody falls asleep in between.
  private func wakeSleepers() {
    pthread_mutex_lock(mutex)
    if sleepers > 0 { pthread_cond_broadcast(wake) }
    pthread_mutex_unlock(mutex)
  }
}
