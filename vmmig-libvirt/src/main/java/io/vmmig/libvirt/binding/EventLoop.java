// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** libvirt's event loop, which the embedded driver and keep-alive messages need. One per process; it never ends. */
final class EventLoop {
    private static final Logger LOG = LoggerFactory.getLogger(EventLoop.class);

    private static boolean running;

    private EventLoop() {}

    /** Starts the loop unless it runs; must be called before the first connection, which would not join it later. */
    static synchronized void ensureRunning() throws LibvirtError {
        if (running) {
            return;
        }
        LibvirtError.checked(LibvirtLibrary.virEventRegisterDefaultImpl());
        Thread thread = new Thread(EventLoop::run, "vmmig-libvirt-events");
        thread.setDaemon(true);
        thread.start();
        running = true;
    }

    private static void run() {
        while (LibvirtLibrary.virEventRunDefaultImpl() >= 0) {
            LOG.trace("libvirt events handled");
        }
        LOG.error("libvirt's event loop ended: {}", LibvirtError.last().getMessage());
    }
}
