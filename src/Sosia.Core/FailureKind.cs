namespace Sosia.Core;

/// <summary>Says whose failure a <see cref="SosiaException"/> is.</summary>
public enum FailureKind
{
    /// <summary>Bad arguments, files or values: exit status 2.</summary>
    Configuration,

    /// <summary>The host lacks something that is needed: exit status 4.</summary>
    Host,
}
