// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import java.util.concurrent.ThreadFactory;

/** Threads that do not keep a program from ending. */
final class Threads {
    private Threads() {}

    static ThreadFactory named(String name) {
        return work -> {
            Thread thread = new Thread(work, name);
            thread.setDaemon(true);
            return thread;
        };
    }
}
