// SPDX-License-Identifier: Apache-2.0
package io.vmmig.content;

/** How much work goes into making a package small. What is read does not depend on it: any reader reads them all. */
public enum Level {
    /** For links of 10 Gbit/s and more: a third less work than {@link #BALANCED}, and packages up to twice as large. */
    FASTEST,
    /** For most: as fast as QEMU writes memory on two cores. */
    BALANCED,
    /** For slow links, and for packages that are kept: some ten times the work, and packages a few percent smaller. */
    SMALLEST,
    /** Measures the link and the encoder as it goes, and keeps the slower of the two busy. */
    AUTO
}
