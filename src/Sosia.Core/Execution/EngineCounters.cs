namespace Sosia.Core.Execution;

/// <summary>What an engine has done so far, for people who measure it.</summary>
/// <param name="Translations">Pieces of guest code that it prepared.</param>
/// <param name="HelperCalls">Calls from translated code back into the engine, for an instruction or an access that has no code of its own.</param>
public readonly record struct EngineCounters(long Translations, long HelperCalls);
