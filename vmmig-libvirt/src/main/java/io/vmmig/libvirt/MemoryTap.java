// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.VmmigException;
import io.vmmig.libvirt.saveimage.SaveImagePreamble;

/** One way to take the memory of a guest that has been suspended, and to let the guest go on or end afterwards. */
interface MemoryTap {
    /** Waits for the beginning of the image; called once, before {@link #stream()} is read. */
    SaveImagePreamble preamble() throws VmmigException;

    /** The image; behind the preamble, QEMU's stream. */
    MemoryStream stream();

    /** Whether libvirt ends the guest as soon as the image is whole. */
    boolean endsGuest();

    /** Ends the call that writes the image, if it is still under way, and waits until it has ended. */
    void abort() throws VmmigException;

    /** Brings the guest back to where it was before it was suspended. The call must have ended. */
    void goOn(boolean running) throws VmmigException;

    /** Lets go of the guest as it is, and of nothing that it needs to go on one day. */
    void leave();

    /** Ends the guest here. The call must have ended. */
    void end() throws VmmigException;
}
