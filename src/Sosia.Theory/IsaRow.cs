namespace Sosia.Theory;

/// <summary>One row of an ISA's instruction table, opaque but for its names.</summary>
/// <param name="Id">Its number in the ISA's table.</param>
/// <param name="Encoding">Its encoding in the manual's notation.</param>
/// <param name="Mnemonic">The manual's mnemonic.</param>
/// <param name="Operands">Its operands.</param>
/// <param name="Family">The group of rows that it was declared in; for reports only.</param>
/// <param name="Claim">What the table says about it.</param>
public sealed record IsaRow(int Id, string Encoding, string Mnemonic, string Operands, string Family, RowClaim Claim);
