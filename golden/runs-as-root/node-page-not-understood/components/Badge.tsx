import styled, { css } from 'styled-components';

const Badge = styled.span<{ $tone?: 'calm' | 'loud' }>`
  border-radius: 6px;

  ${({ $tone = 'calm' }) =>
    $tone === 'loud' &&
    css`
      color: crimson;
    `};
`;

export default Badge;
