namespace Sosia.Control.Properties.ResourceControl;

/// <summary>What came of an <see cref="IsolationTest"/>.</summary>
/// <param name="Name">The test's name.</param>
/// <param name="Target">What was attacked.</param>
/// <param name="Attempt">What the guest tried.</param>
/// <param name="Judged">What had to be seen.</param>
/// <param name="Passed">Whether it was seen.</param>
/// <param name="Evidence">What was seen.</param>
/// <param name="Milliseconds">Host time that it took.</param>
public sealed record IsolationResult(string Name, IsolationTarget Target, string Attempt, string Judged, bool Passed, string Evidence, double Milliseconds);
