// SPDX-License-Identifier: Apache-2.0
/** Who vouches for packages. */
@org.jspecify.annotations.NullMarked
package io.vmmig.protection;
