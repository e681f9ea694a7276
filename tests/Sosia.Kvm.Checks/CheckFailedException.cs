using System;

namespace Sosia.Kvm.Checks;

/// <summary>Something does not hold.</summary>
/// <param name="message">What was found in its place.</param>
internal sealed class CheckFailedException(string message) : Exception(message);
