namespace Sosia.Kvm.Checks;

/// <summary>One thing that must hold on a host with KVM. Every check is a class of its own, with a line in <see cref="Program"/>.</summary>
internal interface ICheck
{
    /// <summary>What holds, as a sentence without a full stop.</summary>
    string Name { get; }

    /// <summary>Finds out whether it holds.</summary>
    /// <exception cref="CheckFailedException">It does not.</exception>
    void Run();
}
