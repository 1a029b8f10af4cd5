//! Proof that the core is pure: a library that has no standard library, but a panic handler of its own,
//! and links the core.
//!
//! Were std anywhere below `parlor-protocol`, there would be two panic handlers, and this would not
//! compile. Without std there is no clock, thread, socket, file, or random source to reach for.

#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;
use parlor_protocol::{Hub, Limits, Options, Outbox};

/// An allocator that never has any memory: this library is linked, never run.
struct NoMemory;

// SAFETY: a null pointer is how an allocator says that it has no memory, and what was never allocated is
// never freed.
unsafe impl GlobalAlloc for NoMemory {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: NoMemory = NoMemory;

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// Reaches into the core, so that it is linked.
#[unsafe(no_mangle)]
pub extern "C" fn parlor_purity() -> usize {
    let limits = Limits::default();
    let hub = Hub::new(limits, Options::default());
    hub.connections() + Outbox::new(&limits).backlog_bytes()
}
