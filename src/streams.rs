//! The standard streams of the process, without buffers: the whole of a request is read at once, and an answer is one
//! write. The buffers of the standard library take memory and system calls that a hit can do without.
//!
//! Leaves out Windows, where the standard library's streams know how to talk to a console.

#[cfg(unix)]
pub use self::unix::{Input, Output, stderr, stdin, stdout};

#[cfg(not(unix))]
pub use std::io::{stderr, stdin, stdout};

#[cfg(unix)]
mod unix {
    use std::io::{self, Read, Write};
    use std::os::fd::BorrowedFd;

    use rustix::io::{Errno, read, write};

    /// A stream to read from.
    #[derive(Debug)]
    pub struct Input(BorrowedFd<'static>);

    /// A stream to write to.
    #[derive(Debug)]
    pub struct Output(BorrowedFd<'static>);

    /// What the process is asked.
    #[must_use]
    pub fn stdin() -> Input {
        Input(rustix::stdio::stdin())
    }

    /// What it answers.
    #[must_use]
    pub fn stdout() -> Output {
        Output(rustix::stdio::stdout())
    }

    /// What it tells the person.
    #[must_use]
    pub fn stderr() -> Output {
        Output(rustix::stdio::stderr())
    }

    impl Read for Input {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            read(self.0, buffer).map_err(Errno::into)
        }
    }

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            write(self.0, bytes).map_err(Errno::into)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
