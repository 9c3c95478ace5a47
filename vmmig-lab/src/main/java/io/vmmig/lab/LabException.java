// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab;

/** The lab itself failed. Its message is one line for a user. */
public final class LabException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** What does not work. */
    public LabException(String message) {
        super(message);
    }

    /** What does not work, and why. */
    public LabException(String message, Throwable cause) {
        super(message + ": " + cause.getMessage(), cause);
    }
}
