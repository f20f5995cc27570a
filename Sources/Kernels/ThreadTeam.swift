internal import CKernels
internal import Glibc
internal import Synchronization

/// What the threads of a pool share.
///
/// `@unchecked`: `loop` is written before `generation` is raised and read after it was seen to be
/// raised; the condition is touched with `mutex` held.
final class ThreadTeam: @unchecked Sendable {
  /// The first index that `dynamic` has not handed out.
  let next = Atomic<Int>(0)
  private let isBusy = Atomic<Bool>(false)
  private let isStopping = Atomic<Bool>(false)
  /// How many loops were started.
  private let generation = Atomic<Int>(0)
  /// Threads that have not finished the loop.
  private let pending = Atomic<Int>(0)
  private var loop: UnsafePointer<kern_loop>?
  private let sleepers = Atomic<Int>(0)
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// Looks at a condition before a thread goes to sleep; about 20 µs.
  private static let patience = 1_000

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

  /// Runs `body` with 0 on this thread and 1...helpers on the others.
  func run(helpers: Int, _ body: (Int) -> Void) {
    pending.store(helpers, ordering: .relaxed)
    lendLoop(body, Unmanaged.passUnretained(self).toOpaque()) { loop, owner in
      Unmanaged<ThreadTeam>.fromOpaque(owner).takeUnretainedValue().run(loop)
    }
  }

  /// Runs `body` on every thread.
  private func run(_ body: UnsafePointer<kern_loop>) {
    loop = body
    generation.wrappingAdd(1, ordering: .releasing)
    wakeSleepers()
    kern_run_loop(body, 0)
    wait { pending.load(ordering: .acquiring) == 0 }
    loop = nil
  }

  /// Runs loops as they come, until `stop`.
  func work(as worker: Int) {
    var seen = 0
    while true {
      wait {
        generation.load(ordering: .acquiring) != seen || isStopping.load(ordering: .acquiring)
      }
      if generation.load(ordering: .acquiring) == seen { return }
      seen += 1
      if let loop { kern_run_loop(loop, worker) }
      if pending.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
        wakeSleepers()
      }
    }
  }

  func stop() {
    isStopping.store(true, ordering: .releasing)
    wakeSleepers()
  }


  private func wait(until isDone: () -> Bool) {
    for _ in 0..<Self.patience {
      if isDone() { return }
      kern_relax()
    }
    pthread_mutex_lock(mutex)
    sleepers.wrappingAdd(1, ordering: .relaxed)
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    while !isDone() { pthread_cond_wait(wake, mutex) }
    sleepers.wrappingSubtract(1, ordering: .relaxed)
    pthread_mutex_unlock(mutex)
  }

  /// Called after a condition changed. Either the sleeper is seen here, or it sees the change; the
  /// mutex is free once it sleeps.
  private func wakeSleepers() {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    guard sleepers.load(ordering: .relaxed) > 0 else { return }
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(wake)
    pthread_mutex_unlock(mutex)
  }
}

/// Takes a closure apart and calls `use` with it, while the closure still lives: what
/// `withoutActuallyEscaping` does without the box that it allocates.
@_silgen_name("kern_lend_loop")
private func lendLoop(
  _ body: (Int) -> Void, _ owner: UnsafeMutableRawPointer,
  _ use: @convention(c) (UnsafePointer<kern_loop>, UnsafeMutableRawPointer) -> Void)
