//! Threads with the stack that parsers need.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use pi_artifacts::limits::PARSER_STACK_BYTES;

/// Applies `work` to every item on `threads` threads; the results come in the
/// order of the items.
pub fn in_parallel<T: Sync, R: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(items.len()));
    let run = || {
        let mut mine = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { break };
            mine.push((index, work(item)));
        }
        done.lock().unwrap_or_else(PoisonError::into_inner).extend(mine);
    };
    thread::scope(|scope| {
        for _ in 0..threads.max(1).min(items.len()) {
            let builder = thread::Builder::new().stack_size(PARSER_STACK_BYTES);
            if builder.spawn_scoped(scope, run).is_err() {
                // The system refuses a thread: this one does the work.
                run();
            }
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::in_parallel;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..1_000).collect();
        for threads in [1, 2, 8] {
            assert_eq!(
                in_parallel(threads, &items, |n| n * 2),
                items.iter().map(|n| n * 2).collect::<Vec<_>>()
            );
        }
        assert!(in_parallel(4, &Vec::<u64>::new(), |n| *n).is_empty());
    }
}
